import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CertificateJson } from '../../../src/api/certificate.ts';
import type { DeploymentJson } from '../../../src/api/deployment.ts';
import { encodePem } from '../../../src/domain/der/pem.ts';
import { makeCertificateJson, makeProblem, makeStatus, makeSummary } from '../../support/certificate-json.ts';
import { at, type CommandLineOptions, commandLine, homeFor } from '../../support/command-line.ts';
import { makeDeploymentJson } from '../../support/deployment-builders.ts';
import { type Responder, type StubService, startStubService } from '../../support/stub-service.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { makeTestHierarchy } from '../../support/test-hierarchy.ts';

async function started(
  respond: Responder,
): Promise<[StubService, (argv: string[], options?: CommandLineOptions) => ReturnType<typeof commandLine>]> {
  const service = await startStubService(respond, { tls: { requestCert: true, rejectUnauthorized: true } });
  const cwd = homeFor(service);
  return [service, (argv, options) => commandLine([...argv, ...at(service)], { cwd, ...options })];
}

/** Lines of a terminal, so that an expectation shows what a person sees. */
const lines = (text: string): string[] => text.split('\n').slice(0, -1);
const esc = String.fromCharCode(27);
const withoutColour = (text: string): string => text.replaceAll(new RegExp(`${esc}\\[\\d+m`, 'g'), '');

describe('the files that are shown to the service', () => {
  it.each([
    ['a CA that holds no certificate', 'trust/system.pem'],
    ['a certificate that is none', 'admin/admin.crt'],
    ['a key that is none', 'admin/admin.key'],
  ])('are refused by name: %s', async (_what, file) => {
    const [service, run] = await started(() => ({ body: {} }));
    const cwd = homeFor(service);
    writeFileSync(join(cwd, 'data', file), 'nothing of use');
    const { code, stderr } = await run(['list'], { cwd });
    expect([code, stderr]).toEqual([2, expect.stringContaining(file)]);
    expect(service.requests).toEqual([]);
  });
});

it('an operator’s certificate that has expired is told before anything is connected', async () => {
  const [service, run] = await started(() => ({ body: {} }));
  const { code, stderr } = await run(['list'], { now: Date.UTC(2100, 0, 1) });
  expect([code, stderr]).toEqual([5, expect.stringContaining('credentialExpired')]);
  expect(service.requests).toEqual([]);
});

it('a PRIVYSEAL_HOME that is set to nothing counts as not set', async () => {
  const [, run] = await started(() => ({ body: makeStatus() }));
  expect((await run(['status'], { env: { PRIVYSEAL_HOME: '' } })).code).toBe(0);
});

describe('a command line that is not right', () => {
  it.each([
    [['audit', 'verify', '--bogus'], 'privyseal audit verify --help'],
    [['list', '--limit', '0'], 'privyseal list --help'],
    [['bogus'], 'privyseal --help'],
  ])('%j is sent to the help of its verb', async (argv, help) => {
    const { code, stderr } = await commandLine(argv);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`See \`${help}\`.`)]);
  });
});

it.each([
  [['request', 'demo.dev.internal', '--out', ''], '--out'],
  [['vault', 'split', '--shares', '3', '--threshold', '2', '--out', ''], '--out'],
  [['--home', '', 'list'], '--home'],
  [['list', '--ca='], '--ca'],
])('%j, as of a variable that is not set, is refused and not taken for the folder of now', async (argv, option) => {
  const { path } = temporaryFolder();
  const { code, stderr } = await commandLine(argv, { cwd: path, columns: 80 });
  expect([code, stderr]).toEqual([
    2,
    `privyseal: usage: ${option} names nothing. Is a variable of the shell not set?\n`,
  ]);
  expect(readdirSync(path)).toEqual([]);
});

describe('privyseal list', () => {
  const items = [
    makeSummary(),
    makeSummary({
      serial: '01c5f3a0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
      names: ['a-name-that-is-rather-long.dev.internal', 'second.dev.internal'],
      status: 'revoked',
    }),
    makeSummary({
      serial: '01c5f3a0bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',
      product: null,
      names: [],
      subject: 'CN=dev-issuing',
    }),
  ];
  const listing: Responder = () => ({ body: { items, nextCursor: null } });

  it('fits a wide terminal', async () => {
    const [, run] = await started(listing);
    const { code, stdout, stderr } = await run(['list'], { columns: 120 });
    expect(code).toBe(0);
    expect(lines(withoutColour(stdout))).toEqual([
      'SERIAL                                    NAME                                    PRODUCT   PROFILE  STATUS   EXPIRES',
      '01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0  demo.dev.internal                       dev/demo  server   valid    in 30 days',
      '01c5f3a0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  a-name-that-is-rather-long.dev.intern…  dev/demo  server   revoked  -',
      '01c5f3a0bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  CN=dev-issuing                          -         server   valid    in 30 days',
    ]);
    expect(stderr).toBe('To fit, shortened: name. Whole with `| cat` or --json.\n');
  });

  it('shortens names, then serials in their middle, at 80 columns', async () => {
    const [, run] = await started(listing);
    const { stdout, stderr } = await run(['list'], { columns: 80 });
    expect(lines(withoutColour(stdout))).toEqual([
      'SERIAL         NAME                       PRODUCT   PROFILE  STATUS   EXPIRES',
      '01c5f3…c2d1e0  demo.dev.internal          dev/demo  server   valid    in 30 days',
      '01c5f3…aaaaaa  a-name-that-is-rather-lo…  dev/demo  server   revoked  -',
      '01c5f3…bbbbbb  CN=dev-issuing             -         server   valid    in 30 days',
    ]);
    expect(stderr).toBe('To fit, shortened: serial, name. Whole with `| cat` or --json.\n');
  });

  it('leaves columns out at 60 columns and says which', async () => {
    const [, run] = await started(listing);
    const { stdout, stderr } = await run(['list'], { columns: 60 });
    expect(lines(withoutColour(stdout))).toEqual([
      'SERIAL         NAME            PRODUCT   STATUS   EXPIRES',
      '01c5f3…c2d1e0  demo.dev.inte…  dev/demo  valid    in 30 days',
      '01c5f3…aaaaaa  a-name-that-i…  dev/demo  revoked  -',
      '01c5f3…bbbbbb  CN=dev-issuing  -         valid    in 30 days',
    ]);
    expect(stderr).toBe('To fit, shortened: serial, name; left out: profile. Whole with `| cat` or --json.\n');
  });

  it('is whole and plain where no person looks', async () => {
    const [, run] = await started(listing);
    const { stdout, stderr } = await run(['list']);
    expect(stdout).not.toContain(esc);
    expect(lines(stdout)[2]).toContain('a-name-that-is-rather-long.dev.internal +1');
    expect(lines(stdout)[1]).toContain(items[0]!.serial);
    expect(stderr).toBe('');
  });

  it('is coloured by status on a terminal, unless NO_COLOR is set', async () => {
    const [, run] = await started(listing);
    expect((await run(['list'], { columns: 120 })).stdout).toContain(`${esc}[31mrevoked${esc}[39m`);
    expect((await run(['list'], { columns: 120, env: { NO_COLOR: '1' } })).stdout).not.toContain(esc);
  });

  it('makes text of certificates safe to print', async () => {
    const [, run] = await started(() => ({
      body: { items: [makeSummary({ names: [`a${esc}[2Jb\u202e`] })], nextCursor: null },
    }));
    const { stdout } = await run(['list']);
    expect(stdout).toContain('a\\u{1b}[2Jb\\u{202e}');
  });

  it('passes its filters on and turns a length of time into two times', async () => {
    const [service, run] = await started(listing);
    const filters = [
      '--product',
      'dev/demo',
      '--status',
      'valid',
      '--name',
      '*.dev.internal',
      '--expires-within',
      '30d',
    ];
    await run(['list', ...filters, '--limit', '7']);
    const query = new URL(service.requests[0]!.path, service.baseUrl).searchParams;
    expect(Object.fromEntries(query)).toEqual({
      product: 'dev/demo',
      status: 'valid',
      name: '*.dev.internal',
      'notAfter.after': '2026-11-21T07:00:00Z',
      'notAfter.before': '2026-12-21T07:00:00Z',
      sort: 'notAfter',
      limit: '7',
    });
  });

  it('takes the narrower of two bounds on the same end, as filters combine', async () => {
    const [service, run] = await started(listing);
    const asked = async (...filters: string[]): Promise<unknown[]> => {
      await run(['list', '--expires-within', '30d', ...filters]);
      const query = new URL(service.requests.at(-1)!.path, service.baseUrl).searchParams;
      return [query.get('notAfter.after'), query.get('notAfter.before')];
    };
    const [from, until] = ['2026-11-21T07:00:00Z', '2026-12-21T07:00:00Z'];
    expect(await asked('--expires-before', '2030-01-01')).toEqual([from, until]);
    expect(await asked('--expires-before', '2026-12-01')).toEqual([from, '2026-12-01T00:00:00Z']);
    expect(await asked('--expires-after', '2020-01-01')).toEqual([from, until]);
    expect(await asked('--expires-after', '2026-12-01T00:00:00+01:00')).toEqual(['2026-12-01T00:00:00+01:00', until]);
  });

  it('follows pages up to its limit and says that there are more', async () => {
    const [service, run] = await started(() => ({ body: { items, nextCursor: 'next' } }));
    const { stdout, stderr } = await run(['list', '--limit', '5']);
    expect(lines(stdout)).toHaveLength(6);
    expect(service.requests).toHaveLength(2);
    expect(stderr).toContain('--limit');
    const json = JSON.parse((await run(['list', '--limit', '5', '--json'])).stdout);
    expect([json.items.length, json.hasMore]).toEqual([5, true]);
  });

  it('with nothing to show says so without a table', async () => {
    const [, run] = await started(() => ({ body: { items: [], nextCursor: null } }));
    expect(await run(['list'])).toEqual({ code: 0, stdout: '', stderr: 'No certificates match.\n' });
  });
});

describe('privyseal show', () => {
  const showing =
    (certificate: CertificateJson, items: readonly DeploymentJson[] = []): Responder =>
    ({ path }) => ({ body: path.endsWith('/deployments') ? { items, nextCursor: null } : certificate });

  it('takes a serial as openssl prints it, and says where that of a file or a name is', async () => {
    const [service, run] = await started(showing(makeCertificateJson()));
    await run(['show', 'serial=01C5F3A0']);
    expect(service.requests[0]!.path).toBe('/v1/certificates/01c5f3a0');
    expect((await run(['show', 'tls/cert.pem'])).stderr).toContain('`openssl x509 -noout -serial -in tls/cert.pem`');
    expect((await run(['show', 'demo.dev.internal'])).stderr).toContain('`privyseal list --name demo.dev.internal`');
  });

  it('aligns every fact, with the certificate itself on request', async () => {
    const certificate = makeCertificateJson({
      names: ['demo.dev.internal', '10.0.0.1'],
      status: 'revoked',
      revocation: { at: '2026-11-21T06:30:00Z', reason: 'superseded' },
    });
    const [service, run] = await started(showing(certificate));
    const { code, stdout } = await run(['show', '01:C5:F3:A0', '--pem']);
    expect(code).toBe(0);
    expect(service.requests[0]!.path).toBe('/v1/certificates/01c5f3a0');
    expect(lines(stdout)).toEqual([
      'Serial      01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0',
      'Status      revoked',
      'Revoked     2026-11-21 06:30:00 UTC (30 minutes ago), superseded',
      'Names       demo.dev.internal',
      '            10.0.0.1',
      'Subject     CN=demo.dev.internal',
      'Product     dev/demo, version 1',
      'Purpose     product',
      'Profile     server, version 1',
      'Authority   dev-issuing',
      `Key         ec-p256, SHA-256 ${'ab'.repeat(32)}`,
      'Valid from  2026-11-21 06:55:00 UTC (5 minutes ago)',
      'Expires     2026-12-21 07:00:00 UTC (in 30 days)',
      'Lifetime    30 days',
      'Requested   2026-11-21 07:00:00 UTC (now) by token:demo',
      'Issued      2026-11-21 07:00:00 UTC (now)',
      'CRL         http://localhost:8080/crl/dev-issuing.crl',
      'OCSP        http://localhost:8080/ocsp/dev-issuing',
      '',
      '-----BEGIN CERTIFICATE-----',
      'AAAA',
      '-----END CERTIFICATE-----',
    ]);
  });

  it('says where it is deployed, and what each target serves', async () => {
    const deployments = [
      makeDeploymentJson(),
      makeDeploymentJson({ target: 'web-2', outcome: 'failed', servedSerial: '0a', detail: 'two\nlines' }),
      makeDeploymentJson({ target: 'web-3', outcome: 'awaited', endpoint: null, servedSerial: null }),
    ];
    const [, run] = await started(showing(makeCertificateJson(), deployments));
    expect(lines((await run(['show', '01c5'])).stdout).slice(-5)).toEqual([
      '',
      'TARGET  DEPLOYMENT  SINCE        ENDPOINT                SERVES  DETAIL',
      'web-1   proved      2 hours ago  web-1.dev.internal:443  this',
      'web-2   failed      2 hours ago  web-1.dev.internal:443  0a      two\\u{a}lines',
      'web-3   awaited     2 hours ago  -                       -',
    ]);
  });

  it('with --json is the answer of the service, with the deployments', async () => {
    const [, run] = await started(showing(makeCertificateJson(), [makeDeploymentJson()]));
    const { stdout } = await run(['show', '01c5', '--json']);
    expect(JSON.parse(stdout)).toEqual({ ...makeCertificateJson(), deployments: [makeDeploymentJson()] });
  });
});

describe('privyseal revoke', () => {
  const revoking: Responder = ({ path, method }) => {
    if (path === '/v1/status') return { body: makeStatus() };
    const revocation = { at: '2026-11-21T07:00:00Z', reason: 'superseded' };
    return { body: makeCertificateJson(method === 'POST' ? { status: 'revoked', revocation } : {}) };
  };
  const { serial } = makeSummary();
  const posts = ({ requests }: StubService) => requests.filter(({ method }) => method === 'POST');

  it('says where and when it shows', async () => {
    const [service, run] = await started(revoking);
    const { code, stdout } = await run(['revoke', serial, '--reason', 'superseded']);
    expect(code).toBe(0);
    expect(posts(service).map(({ path, body }) => [path, body])).toEqual([
      [`/v1/certificates/${serial}/revoke`, '{"reason":"superseded"}'],
    ]);
    expect(lines(stdout)).toEqual([
      'Revoked  01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0, 2026-11-21 07:00:00 UTC',
      'OCSP     says so now: http://localhost:8080/ocsp/dev-issuing',
      'CRL      says so within 5 seconds: http://localhost:8080/crl/dev-issuing.crl',
      '         copies fetched before may be in use until 2026-11-22 06:30:00 UTC (in 23 hours)',
    ]);
  });

  it('says what may keep the list from being signed', async () => {
    const parts = [
      { name: 'vault cloud', ready: false, reason: 'OpenBao is sealed.\nUnseal it.' },
      { name: 'clock', ready: true },
      { name: 'audit', ready: false, reason: 'no checkpoint' },
    ];
    const body = makeStatus({ readiness: { status: 'unready', parts } });
    const [, run] = await started((request, response) =>
      request.path === '/v1/status' ? { body } : revoking(request, response),
    );
    const { code, stdout } = await run(['revoke', serial, '--reason', 'superseded']);
    expect([code, ...lines(stdout).slice(2, -1)]).toEqual([
      0,
      'CRL      says so within 5 seconds: http://localhost:8080/crl/dev-issuing.crl',
      '         it may be later: vault cloud is not ready: OpenBao is sealed.\\u{a}Unseal it.',
    ]);
  });

  it('promises no list of a generation that is retired, which has its last', async () => {
    const authorities = makeStatus().authorities.map((one) => ({ ...one, name: `${one.name}.2` }));
    const [, run] = await started((request, response) =>
      request.path === '/v1/status' ? { body: makeStatus({ authorities }) } : revoking(request, response),
    );
    const url = 'http://localhost:8080/crl/dev-issuing.crl';
    const said = `CRL never says so: what signed it is retired, and its last list stays as it is: ${url}`;
    for (const args of [
      ['revoke', serial, '--reason', 'superseded'],
      ['release', serial],
    ]) {
      const [, , ...rest] = lines((await run(args)).stdout);
      expect(rest.map((line) => line.replace(/ +/g, ' '))).toEqual([said]);
    }
  });

  it('asks who types at a terminal, though the output goes elsewhere', async () => {
    const [service, run] = await started(revoking);
    const { code, stderr } = await run(['revoke', serial, '--reason', 'superseded'], { input: 'n\n' });
    expect([code, stderr]).toEqual([1, expect.stringContaining('This cannot be undone. [y/N]')]);
    expect(posts(service)).toEqual([]);
  });

  it('is done even when nothing can be said about CRLs', async () => {
    const [, run] = await started((request, response) =>
      request.path === '/v1/status' ? { status: 500, body: '' } : revoking(request, response),
    );
    const { code, stdout } = await run(['revoke', serial, '--reason', 'superseded']);
    expect([code, lines(stdout).length]).toEqual([0, 3]);
  });

  it.each(['', 'n\n', 'yes please\n'])('does nothing when the person answers `%s`', async (input) => {
    const [service, run] = await started(revoking);
    const { code, stderr } = await run(['revoke', serial, '--reason', 'superseded'], { columns: 80, input });
    expect(code).toBe(1);
    expect(stderr).toContain(
      `Revoke ${serial} (demo.dev.internal of dev/demo), superseded? This cannot be undone. [y/N]`,
    );
    expect(posts(service)).toEqual([]);
  });

  it.each([
    ['the person says yes', [], 'y\n'],
    ['--yes was given', ['--yes'], ''],
  ])('revokes on a terminal when %s', async (_when, more, input) => {
    const [service, run] = await started(revoking);
    const { code } = await run(['revoke', serial, '--reason', 'superseded', ...more], { columns: 80, input });
    expect(code).toBe(0);
    expect(posts(service)).toHaveLength(1);
  });

  describe('--file', () => {
    const leaf = makeTestHierarchy().leaf;
    const shown = {
      serial: leaf.serial,
      subject: '',
      issuer: 'dev-issuing',
      notAfter: '2026-12-01T00:00:00Z',
      revocation: { at: '2026-11-21T07:00:00Z', reason: 'superseded' },
      recorded: false,
      links: makeCertificateJson().links,
    };
    const { crl, ocsp } = shown.links;
    const revokingShown: Responder = (request, response) =>
      request.path === '/v1/revocations' ? { body: { ...shown, links: { crl, ocsp } } } : revoking(request, response);
    const pem = encodePem('CERTIFICATE', leaf.der);
    const fileOf = (content: string | Uint8Array): string => {
      const file = join(temporaryFolder().path, 'cert');
      writeFileSync(file, content);
      return file;
    };
    const args = (file: string) => ['revoke', '--file', file, '--reason', 'superseded'];

    it.each([
      ['PEM', pem],
      ['PEM with its issuers', pem + encodePem('CERTIFICATE', makeTestHierarchy().issuing.der)],
      ['PEM with its key', encodePem('PRIVATE KEY', leaf.der) + pem],
      ['DER', leaf.der],
    ])('shows the service the certificate of a file: %s', async (_form, content) => {
      const file = fileOf(content);
      const [service, run] = await started(revokingShown);
      const { code, stdout } = await run(args(file));
      expect([code, lines(stdout)]).toEqual([
        0,
        [
          `Revoked  ${leaf.serial}, 2026-11-21 07:00:00 UTC`,
          'OCSP     says so now: http://localhost:8080/ocsp/dev-issuing',
          'CRL      says so within 5 seconds: http://localhost:8080/crl/dev-issuing.crl',
          '         copies fetched before may be in use until 2026-11-22 06:30:00 UTC (in 23 hours)',
        ],
      ]);
      const sent = posts(service).map(({ path, body }) => [path, JSON.parse(body)]);
      expect(sent).toEqual([['/v1/revocations', { certificate: pem, reason: 'superseded' }]]);
    });

    it('answers with what the service says, for machines', async () => {
      const [, run] = await started(revokingShown);
      const { stdout } = await run([...args(fileOf(pem)), '--json']);
      expect(JSON.parse(stdout)).toMatchObject({ serial: leaf.serial, recorded: false });
    });

    it('asks a person by what the certificate says of itself', async () => {
      const [service, run] = await started(revokingShown);
      const { code, stderr } = await run(args(fileOf(pem)), { columns: 80, input: 'n\n' });
      expect([code, stderr]).toEqual([1, expect.stringContaining(`Revoke ${leaf.serial} (`)]);
      expect(posts(service)).toEqual([]);
    });

    it.each([
      ['nothing of use', 'nothing of use'],
      ['a key', encodePem('PRIVATE KEY', leaf.der)],
      ['DER that is none', new Uint8Array([0x30, 1, 2])],
    ])('sends nothing of a file that holds %s', async (_what, content) => {
      const [service, run] = await started(revokingShown);
      const file = fileOf(content);
      const { code, stderr } = await run(args(file));
      expect([code, stderr]).toEqual([1, expect.stringContaining(`fileUnreadable: ${file}`)]);
      expect(service.requests).toEqual([]);
    });

    it.each([[['--file', 'cert.pem', serial]], [[]]])('names one certificate, not two or none: %j', async (more) => {
      const [service, run] = await started(revokingShown);
      const { code, stderr } = await run(['revoke', ...more, '--reason', 'superseded']);
      expect([code, stderr]).toEqual([2, expect.stringContaining('Name one certificate')]);
      expect(service.requests).toEqual([]);
    });
  });

  it('needs a reason, one that there is', async () => {
    const [service, run] = await started(revoking);
    expect((await run(['revoke', serial])).code).toBe(2);
    expect((await run(['revoke', serial, '--reason', 'boredom'])).code).toBe(2);
    expect((await run(['revoke', 'not-a-serial', '--reason', 'superseded'])).code).toBe(2);
    expect(service.requests).toEqual([]);
  });

  it('has its opposite for holds', async () => {
    const [service, run] = await started(revoking);
    expect((await run(['release', serial])).stdout).toContain('Released');
    expect(posts(service)[0]!.path).toBe(`/v1/certificates/${serial}/release`);
  });
});

describe('privyseal status', () => {
  it('tells parts, authorities and CRLs in words', async () => {
    const [, run] = await started(() => ({ body: makeStatus() }));
    const { code, stdout } = await run(['status']);
    expect(code).toBe(0);
    expect(lines(stdout)).toEqual([
      'Privyseal     0.1.0',
      'Started       2026-11-21 06:00:00 UTC (1 hour ago)',
      'State         ready',
      'Certificates  12, of which 2 revoked, 0 archived and 0 being issued',
      'Audit events  40',
      '',
      'Parts',
      '  inventory  ready',
      '  vault      ready',
      '',
      'AUTHORITY    EXPIRES      CRL  MADE            NEXT',
      'system       in 10 years  -    -               -',
      'dev-issuing  in 5 years   7    30 minutes ago  in 23 hours',
    ]);
  });

  it('ends with its own code, and why, when a part is not ready', async () => {
    const parts = [{ name: 'vault', ready: false, reason: 'locked' }];
    const [, run] = await started(() => ({ body: makeStatus({ readiness: { status: 'unready', parts } }) }));
    const { code, stdout } = await run(['status']);
    expect(code).toBe(7);
    expect(stdout).toContain('vault  not ready: locked');
  });
});

describe('privyseal environment and authority', () => {
  const environment = {
    name: 'staging',
    hierarchy: 'root',
    createdAt: '2026-11-21T07:00:00Z',
    authorities: ['staging-root'],
    profiles: ['server', 'client', 'peer'],
  };

  it('adds an environment and shows what came with it', async () => {
    const [service, run] = await started(() => ({ status: 201, body: environment }));
    const { stdout } = await run(['environment', 'add', 'staging', '--hierarchy', 'root']);
    expect(JSON.parse(service.requests[0]!.body)).toEqual({ name: 'staging', hierarchy: 'root' });
    expect(lines(stdout)).toEqual([
      'Environment  staging',
      'Hierarchy    root',
      'Authorities  staging-root',
      'Profiles     server, client, peer',
    ]);
  });

  it('lists environments', async () => {
    const [, run] = await started(() => ({ body: { items: [environment], nextCursor: null } }));
    expect(lines((await run(['environment', 'list'])).stdout)).toEqual([
      'ENVIRONMENT  HIERARCHY  AUTHORITIES   PROFILES',
      'staging      root       staging-root  server, client, peer',
    ]);
  });

  it('lists authorities without showing who asks', async () => {
    const authority = {
      name: 'dev-root',
      authority: 'dev-root',
      generation: 1,
      phase: 'inForce',
      role: 'root',
      environment: 'dev',
      parent: 'dev-root',
      keyType: 'ec-p256',
      signatureAlgorithm: 'ecdsa-with-SHA256',
      subject: 'CN=dev root',
      serial: '01',
      sha256: 'ab'.repeat(32),
      notBefore: '2026-11-21T06:00:00Z',
      notAfter: '2036-11-21T06:00:00Z',
      certificate: 'PEM',
    };
    const service = await startStubService(() => ({ body: { items: [authority], nextCursor: null } }), {
      tls: { requestCert: true, rejectUnauthorized: false },
    });
    const { stdout } = await commandLine(['authority', 'list', ...at(service)], { cwd: homeFor(service) });
    expect(lines(stdout)[1]).toBe(`dev-root   root  inForce  dev-root  ec-p256  in 10 years  ${'ab'.repeat(32)}`);
    expect([service.requests[0]!.clientDer, service.requests[0]!.headers.authorization]).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('the end of a run', () => {
  const refusing =
    (status: number, code: string): Responder =>
    () => ({
      status,
      mediaType: 'application/problem+json',
      body: makeProblem({ type: `https://privyseal.dev/problems/${code}`, status }),
    });

  it.each([
    [403, 'unauthorized', 5],
    [404, 'notFound', 6],
    [409, 'alreadyRevoked', 3],
    [503, 'signerUnavailable', 7],
    [500, 'serverInternal', 1],
    [418, 'aCodeOfTheFuture', 3],
    [403, 'aCodeOfTheFuture', 5],
  ])('for %i %s has the exit code %i', async (status, code, exitCode) => {
    const [, run] = await started(refusing(status, code));
    expect((await run(['show', '01c5'])).code).toBe(exitCode);
  });

  it('with --json tells a program the whole problem on stderr', async () => {
    const [, run] = await started(refusing(404, 'notFound'));
    const { stdout, stderr } = await run(['show', '01c5', '--json']);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: 'notFound',
        message: 'Refused for 2 reasons.',
        problem: makeProblem({ type: 'https://privyseal.dev/problems/notFound', status: 404 }),
      },
      exitCode: 6,
    });
  });

  it('says which file is missing and how to name another', async () => {
    const { code, stderr } = await commandLine(['list', '--home', '/nowhere']);
    expect(code).toBe(2);
    expect(stderr).toContain('/nowhere/admin/admin.crt');
    expect(stderr).toContain('--cert FILE');
  });

  it('of an unreachable service has a code of its own', async () => {
    const [service] = await started(() => ({ body: '' }));
    // Port 1 (tcpmux) is nobody's.
    const { code } = await commandLine(['list', '--admin-url', 'https://localhost:1'], { cwd: homeFor(service) });
    expect(code).toBe(4);
  });

  it('for help and version is 0, with the text on stdout', async () => {
    expect(await commandLine(['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
    const help = await commandLine(['request', '--help']);
    expect([help.code, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toContain('--token-file <file>');
    expect((await commandLine([])).code).toBe(2);
  });

  it('reads the ports as the service does', async () => {
    const [service] = await started(() => ({ body: { items: [], nextCursor: null } }));
    const port = new URL(service.baseUrl).port;
    const cwd = homeFor(service);
    expect((await commandLine(['list'], { cwd, env: { PRIVYSEAL_ADMIN_PORT: port } })).code).toBe(0);
    expect((await commandLine(['list'], { cwd, env: { PRIVYSEAL_ADMIN_PORT: 'x' } })).code).toBe(2);
  });

  it('finds the ports in the home, wherever it is asked from', async () => {
    const [service] = await started(() => ({ body: { items: [], nextCursor: null } }));
    const cwd = homeFor(service);
    const list = (env: NodeJS.ProcessEnv = {}) =>
      commandLine(['--home', join(cwd, 'data'), 'list'], { cwd: temporaryFolder().path, env });
    mkdirSync(join(cwd, 'data/run'));
    writeFileSync(join(cwd, 'data/run/ports.json'), JSON.stringify({ admin: Number(new URL(service.baseUrl).port) }));
    expect((await list()).code).toBe(0);
    expect((await list({ PRIVYSEAL_ADMIN_PORT: '0' })).code).toBe(0);
    expect((await list({ PRIVYSEAL_ADMIN_PORT: '1' })).code).toBe(4);
  });

  it('finds the home where the settings have it', async () => {
    const [service] = await started(() => ({ body: { items: [], nextCursor: null } }));
    const deps = { homeOfSettings: async () => join(homeFor(service), 'data') };
    const options = { cwd: temporaryFolder().path, deps, env: { PRIVYSEAL_ADMIN_PORT: new URL(service.baseUrl).port } };
    expect((await commandLine(['list'], options)).code).toBe(0);
    expect((await commandLine(['--home', 'elsewhere', 'list'], options)).code).toBe(2);
  });
});
