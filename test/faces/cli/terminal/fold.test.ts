/** Nothing that has a blank in it is wider than the terminal, and nothing that is to be copied is cut. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldLine, foldText } from '../../../../src/faces/cli/terminal/fold.ts';
import { textWidth } from '../../../../src/faces/cli/terminal/text-width.ts';
import { makeCertificateJson } from '../../../support/certificate-json.ts';
import { at, commandLine, homeFor } from '../../../support/command-line.ts';
import { startStubService } from '../../../support/stub-service.ts';

const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
const linesOf = (stdout: string): string[] => stdout.replaceAll(escapes, '').trimEnd().split('\n');
/** A single word may be wider: it is copied. */
const tooWide = (stdout: string, columns = 80): string[] =>
  linesOf(stdout).filter((line) => textWidth(line) > columns && / /.test(line.replace(/^\S* +/, '')));

describe('folding', () => {
  it('keeps every word, and cuts only at blanks', () => {
    const words = fc.array(fc.stringMatching(/^[a-z,.…]{1,30}$/), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 60 }), (all, columns) => {
        const lines = foldText(all.join(' '), columns);
        expect(lines.join(' ')).toBe(all.join(' '));
        expect(lines.filter((line) => textWidth(line) > columns && line.includes(' '))).toEqual([]);
      }),
    );
  });

  it.each([
    ['no terminal', 'as long as it is', undefined, ['as long as it is']],
    ['a line that fits', 'one two', 7, ['one two']],
    ['a command', 'run `chmod 600 x` now', 10, ['run', '`chmod 600 x`', 'now']],
    ['letters of two columns', '証明 証明', 6, ['証明', '証明']],
  ])('of %s', (_what, text, columns, expected) => {
    expect(foldText(text, columns)).toEqual(expected);
  });

  it('indents what goes on below by two more', () => {
    expect(foldLine('    one two three', 12)).toEqual(['    one', '      two', '      three']);
  });
});

describe('a terminal of 80 columns', () => {
  const product = `dev/${'settlement-'.repeat(5)}eu`;
  const certificate = makeCertificateJson({
    product,
    names: ['worker.dev.internal'],
    requestedBy: `product:${product}`,
  });
  const deployment = {
    ...{ serial: certificate.serial, target: 'nginx.edge-17.europe-west', outcome: 'failed', servedSerial: null },
    ...{ reportedAt: '2026-11-21T06:30:00Z', endpoint: 'edge-17.europe-west.dev.internal:8443' },
    ...{ trustSha256: [], reporter: 'product:dev/demo' },
    detail: 'The server still shows the certificate from before, for the third time within an hour.',
  };

  async function shown(columns?: number) {
    const service = await startStubService(({ path }) => ({
      body: path.endsWith('/deployments') ? { items: [deployment], nextCursor: null } : certificate,
    }));
    const argv = ['show', certificate.serial, ...at(service)];
    return commandLine(argv, { cwd: homeFor(service), ...(columns !== undefined && { columns }) });
  }

  it('has all of a certificate and its deployments, and a pipe has each fact on a line', async () => {
    const { stdout } = await shown(80);
    expect(tooWide(stdout)).toEqual([]);
    expect(
      linesOf(stdout)
        .map((line) => line.trim())
        .join(' '),
    ).toContain(`${deployment.target}: ${deployment.detail}`);
    expect(stdout).toContain(`SHA-256\n            ${certificate.key.sha256}\n`);
    expect((await shown()).stdout).toContain(`Product     ${product}, version 1\n`);
    expect((await shown()).stdout).toContain(deployment.detail);
  });

  it('has all that the doctor says, but a command in one piece', async () => {
    const command = `Run: chmod go-rwx ${'/var/lib/privyseal/vault/key.json '.repeat(4).trim()}`;
    const long = 'The settings of this look are not those of the running service, or a firewall is between.';
    const findings = [
      { check: 'ports', state: 'fail', says: long, next: long },
      { check: 'permissions', state: 'fail', says: 'a file is open', next: command },
    ] as const;
    const examine = async () => findings;
    const { code, stdout } = await commandLine(['doctor'], { columns: 80, deps: { examine } });
    expect([code, tooWide(stdout)]).toEqual([1, [`${' '.repeat(20)}${command}`]]);
    const piped = await commandLine(['doctor'], { deps: { examine } });
    expect(linesOf(piped.stdout)[0]).toBe(`fail  ports         ${long}`);
  });

  it('has the whole report of a handshake', async () => {
    const service = await startStubService(() => ({ body: {} }));
    const argv = ['handshake', new URL(service.baseUrl).host];
    const { stdout } = await commandLine(argv, { columns: 80, cwd: homeFor(service) });
    expect(stdout).toContain('ClientHello');
    expect(tooWide(stdout)).toEqual([]);
    const piped = await commandLine(argv, { cwd: homeFor(service) });
    expect(piped.stdout).toMatch(/offers TLS 1\.3.*, \.\.\.\n/);
  });
});
