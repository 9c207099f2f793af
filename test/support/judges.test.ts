/** The judges' own proof: found, run, skipped by name, and pkilint's findings kept in order. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { itWith, judge, pathOf, pkilintAll, pkilintCertificate, run } from './judges.ts';

/** A self-signed certificate with the given subject and SAN, made by openssl. */
async function selfSigned(subjectAltName: string): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'privyseal-judges-'));
  try {
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    writeFileSync(join(folder, 'key.pem'), privateKey, { mode: 0o600 });
    const made = await run('openssl', [
      ...['req', '-x509', '-key', join(folder, 'key.pem'), '-subj', '/CN=judged'],
      ...['-addext', 'keyUsage=critical,keyCertSign', '-addext', `subjectAltName=${subjectAltName}`, '-outform', 'DER'],
    ]);
    return made.stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('run', () => {
  it('gives the exit code and both outputs', async () => {
    const ran = await run(process.execPath, ['-e', 'console.log("out"); console.error("err"); process.exit(3)']);
    expect([ran.code, ran.stdout.toString(), ran.stderr]).toEqual([3, 'out\n', 'err\n']);
  });

  it('hands input and environment on', async () => {
    const script = 'process.stdin.on("data", d => process.stdout.write(d + process.env.JUDGED))';
    const ran = await run(process.execPath, ['-e', script], { input: 'a', env: { JUDGED: 'b' } });
    expect(ran.stdout.toString()).toBe('ab');
  });

  it('rejects for a program that does not exist', async () => {
    await expect(run('/no/such/program', [])).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('rejects for a program that does not end', async () => {
    const endless = run(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 200 });
    await expect(endless).rejects.toThrow('did not end within 0.2 s');
  });
});

describe('judges', () => {
  itWith('openssl', 'openssl is found and runs', async () => {
    const ran = await run('openssl', ['version']);
    expect(ran.stdout.toString()).toMatch(/^OpenSSL 3/);
  });

  it('a judge is a path or a sentence on why it is missing', () => {
    const answer = judge('strace');
    if ('missing' in answer) expect(() => pathOf('strace')).toThrow(answer.missing);
    else expect(pathOf('strace')).toBe(answer.path);
  });

  itWith(['pkilint', 'openssl'], 'pkilint finds the flaw of the flawed document and no other', async () => {
    const good = await selfSigned('DNS:judged.example.internal');
    const flawed = await selfSigned('DNS:localhost');
    const [ofGood = [], ofFlawed = [], ofNonsense = []] = await pkilintAll([
      { kind: 'certificate', bytes: good },
      { kind: 'certificate', bytes: flawed },
      { kind: 'crl', bytes: good },
    ]);
    const codes = (findings: typeof ofGood) => findings.map(({ code }) => code);
    expect(ofFlawed.filter(({ code }) => !codes(ofGood).includes(code))).toMatchObject([{ severity: 'ERROR' }]);
    expect(ofNonsense).toMatchObject([{ severity: 'FATAL' }]);
    expect(await pkilintCertificate(flawed)).toEqual(ofFlawed);
  });
});
