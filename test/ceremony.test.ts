/** `privyseal ceremony`: a root without network makes what openssl accepts, refuses what it must, and keeps a record of all of it. */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ceremonyCrl, ceremonyRoot, ceremonySign, ceremonyState } from '../src/ceremony.ts';
import { readJournal } from '../src/domain/ceremony/journal.ts';
import { decodePemAll, encodePem } from '../src/domain/der/pem.ts';
import { encodeAuthorityCsrInfo } from '../src/domain/x509/authority-csr.ts';
import { parseCertificate } from '../src/domain/x509/certificate.ts';
import { encodeName } from '../src/domain/x509/name.ts';
import { parseCrl } from '../src/domain/x509/read-crl.ts';
import { assembleSigned } from '../src/domain/x509/signed.ts';
import type { CeremonyActs } from '../src/faces/cli/authorities/ceremony.ts';
import { cheapest } from './adapters/vault-file/vault-under-test.ts';
import { commandLine } from './support/command-line.ts';
import { buildCsr } from './support/csr-builder.ts';
import { itWith, run } from './support/judges.ts';
import { runProgram } from './support/program-run.ts';
import { codeOf } from './support/rejection.ts';
import { admin, firstRunService } from './support/service-builder.ts';
import { makeSigningKey } from './support/signing-key.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const passphrase = 'only for a ceremony of a test';
const quietly = { env: {}, cost: cheapest };
const acts: CeremonyActs = {
  root: (home, wanted, around) => ceremonyRoot(home, wanted, { ...around, ...quietly }),
  sign: (home, wanted, around) => ceremonySign(home, wanted, { ...around, ...quietly }),
  crl: (home, wanted, around) => ceremonyCrl(home, wanted, { ...around, ...quietly }),
  state: ceremonyState,
};

/** A machine with an empty folder; every verb finds the passphrase in a file and is not asked. */
function airGapped() {
  const folder = temporaryFolder();
  writeFileSync(join(folder.path, 'secret'), `${passphrase}\n`, { mode: 0o600 });
  const home = join(folder.path, 'root-home');
  const path = (name: string): string => join(folder.path, name);
  const options = { cwd: folder.path, deps: { ceremony: acts }, now: Date.now() };
  const present = ['--present', 'A. Turing', '--present', 'G. Hopper'];
  const ceremony = (...argv: string[]) => commandLine(['--home', home, 'ceremony', ...argv], options);
  const act = (...argv: string[]) => ceremony(...argv, ...present, '--passphrase-file', 'secret', '--yes');
  const read = (name: string): string => readFileSync(path(name), 'utf8');
  return { folder, home, path, ceremony, act, read, options };
}

/** As `authority create NAME --csr` makes it. */
function authorityCsr(commonName = 'Prod Issuing', key = makeSigningKey()): Uint8Array {
  const subjectDer = encodeName([{ type: 'commonName', value: commonName }]);
  const info = encodeAuthorityCsrInfo({ subjectDer, spkiDer: key.spkiDer, pathLen: 0 });
  return assembleSigned(info, key.algorithm, key.sign(info));
}

async function withRoot(...more: string[]) {
  const machine = airGapped();
  const made = await machine.act('root', 'Example Root', '--out', 'root.pem', ...more);
  expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('A root was made')]);
  writeFileSync(machine.path('issuing.csr'), encodePem('CERTIFICATE REQUEST', authorityCsr()));
  return machine;
}

async function withChain() {
  const machine = await withRoot();
  const signed = await machine.act(
    'sign',
    'issuing.csr',
    '--crl-url',
    'http://ca.test/crl/root.crl',
    '--out',
    'chain.pem',
  );
  expect([signed.code, signed.stderr]).toEqual([0, expect.stringContaining('was signed')]);
  const [issuing, root] = decodePemAll(machine.read('chain.pem'), 'CERTIFICATE').map((der) => parseCertificate(der));
  return { ...machine, issuing: issuing!, root: root! };
}

describe('a ceremony', () => {
  it('gives the chain of an issuing authority, its certificate first and the root last', async () => {
    const { issuing, root, read } = await withChain();
    expect(encodePem('CERTIFICATE', root.der)).toBe(read('root.pem'));
    expect(issuing).toMatchObject({ basicConstraints: { ca: true, pathLen: 0 }, keyUsage: ['keyCertSign', 'cRLSign'] });
    expect(root).toMatchObject({ basicConstraints: { ca: true, pathLen: 1 } });
    expect(issuing.issuer.der).toEqual(root.subject.der);
  });

  itWith('openssl', 'is accepted by openssl down to a certificate of a product, and its lists are heeded', async () => {
    const { path, act, issuing, folder } = await withChain();
    const openssl = (...args: string[]) => run('openssl', args, { cwd: folder.path });
    // An issuing authority whose key openssl has, so that it can issue below it.
    await openssl(
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'own.key',
      '-subj',
      '/O=Own/CN=Own Issuing',
      '-out',
      'own.csr',
    );
    expect((await act('sign', 'own.csr', '--crl-url', 'http://ca.test/r.crl', '--out', 'own.pem')).code).toBe(0);
    await openssl(
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'leaf.key',
      '-subj',
      '/CN=leaf',
      '-out',
      'leaf.csr',
    );
    await openssl(
      'x509',
      '-req',
      '-in',
      'leaf.csr',
      '-CA',
      'own.pem',
      '-CAkey',
      'own.key',
      '-days',
      '2',
      '-out',
      'leaf.pem',
    );
    const verify = (...args: string[]) => openssl('verify', '-x509_strict', '-CAfile', 'root.pem', ...args);
    expect(await verify('-untrusted', 'own.pem', 'leaf.pem')).toMatchObject({ code: 0 });
    expect(await verify('chain.pem')).toMatchObject({ code: 0 });

    expect((await act('crl', '--out', 'empty.crl')).code).toBe(0);
    const first = await openssl('crl', '-in', 'empty.crl', '-noout', '-text', '-CAfile', 'root.pem');
    expect([first.code, `${first.stdout}`]).toEqual([0, expect.stringContaining('No Revoked Certificates')]);
    expect(await verify('-crl_check', '-CRLfile', 'empty.crl', 'chain.pem')).toMatchObject({ code: 0 });
    expect((await act('crl', '--revoke', issuing.serial, '--out', 'root.crl')).code).toBe(0);
    const second = await openssl('crl', '-in', 'root.crl', '-noout', '-text', '-CAfile', 'root.pem');
    expect([second.code, `${second.stdout}`]).toEqual([0, expect.stringContaining('CA Compromise')]);
    expect((await verify('-crl_check', '-CRLfile', 'root.crl', 'chain.pem')).code).not.toBe(0);
    expect(existsSync(path('root.crl'))).toBe(true);
  });

  itWith('strace', 'opens no socket, whatever it does', async () => {
    const { path, home, folder } = await withRoot();
    const program = join(import.meta.dirname, '../bin/privyseal.js');
    const common = ['--present', 'A. Turing', '--passphrase-file', path('secret'), '--yes'];
    const verbs = [
      ['--home', path('second'), 'ceremony', 'root', 'Another Root', ...common],
      ['--home', home, 'ceremony', 'sign', path('issuing.csr'), ...common],
      ['--home', home, 'ceremony', 'crl', ...common],
      ['--home', home, 'ceremony', 'record'],
    ];
    for (const [index, verb] of verbs.entries()) {
      const trace = path(`trace-${index}`);
      const traced = [
        '-f',
        '-qq',
        '-e',
        'trace=socket,socketpair,bind,listen,accept,accept4,connect',
        '-o',
        trace,
        process.execPath,
        program,
        ...verb,
      ];
      const { code, stderr } = await run('strace', traced, { cwd: folder.path });
      expect([code, `${stderr}`]).toEqual([0, expect.any(String)]);
      expect(readFileSync(trace, 'utf8')).toBe('');
    }
  });

  it('prints a record with everything that people compare and sign', async () => {
    const { act, ceremony, issuing, root } = await withChain();
    await act('crl', '--revoke', issuing.serial, '--reason', 'superseded', '--out', 'root.crl');
    const { code, stdout } = await ceremony('record');
    expect(code).toBe(0);
    const digits = stdout.replace(/ /g, '');
    for (const { serial, der } of [issuing, root]) {
      const fingerprint = Buffer.from(await crypto.subtle.digest('SHA-256', Uint8Array.from(der))).toString('hex');
      expect([stdout, digits]).toEqual([expect.stringContaining(serial), expect.stringContaining(fingerprint)]);
    }
    expect(stdout).toMatch(/Present +A\. Turing, G\. Hopper/);
    expect(stdout).toMatch(/Program +privyseal \d\S+, Node v24\S+, OpenSSL \d/);
    expect(stdout).toContain(`${issuing.serial}, `);
    expect(stdout.match(/Signature ___/g)).toHaveLength(2);
    const asJson = JSON.parse((await ceremony('record', '--json')).stdout);
    expect(asJson.acts.map(({ what }: { what: string }) => what)).toHaveLength(3);
    // A certificate whose file was never written, because the ceremony was killed, is had from here.
    const pems = asJson.acts.flatMap(({ pem }: { pem?: string }) => pem ?? []);
    const ders = decodePemAll(pems.join(''), 'CERTIFICATE').map((der) => Buffer.from(der).toString('hex'));
    expect(ders).toEqual([root, issuing].map(({ der }) => Buffer.from(der).toString('hex')));
    expect(stdout).not.toContain(passphrase);
  });

  it('keeps on a list what was revoked before, with growing numbers', async () => {
    const { act, read, path, issuing } = await withChain();
    writeFileSync(path('second.csr'), authorityCsr('Second'));
    const second = await act('sign', 'second.csr', '--out', 'second.pem');
    expect(second.code).toBe(0);
    const { serial } = parseCertificate(decodePemAll(read('second.pem'), 'CERTIFICATE')[0]!);
    await act('crl', '--revoke', issuing.serial, '--out', '1.crl');
    await act('crl', '--revoke', serial, '--reason', 'superseded', '--out', '2.crl');
    const lists = ['1.crl', '2.crl'].map((name) => parseCrl(decodePemAll(read(name), 'X509 CRL')[0]!));
    expect(lists.map(({ entries }) => entries.map((entry) => entry.serial))).toEqual([
      [issuing.serial],
      [issuing.serial, serial],
    ]);
    expect(lists[1]!.crlNumber).toBeGreaterThan(lists[0]!.crlNumber);
  });

  it('signs what the service asks for, and the service puts it in force and issues below it', async () => {
    const { act, path, read, root } = await withChain();
    const service = await firstRunService({ home: path('service-home') });
    onTestFinished(() => service.close());
    await service.services.createEnvironment(admin, { name: 'prod', hierarchy: 'external' });
    const requested = await service.services.describeAuthority('prod-issuing');
    const csrDer = requested.kind === 'own' ? requested.csrDer : null;
    writeFileSync(path('prod.csr'), encodePem('CERTIFICATE REQUEST', csrDer!));
    expect((await act('sign', 'prod.csr', '--crl-url', 'http://ca.test/r.crl', '--out', 'prod.pem')).code).toBe(0);
    expect((await act('crl', '--out', 'root.crl')).code).toBe(0);
    // The clock of the service stands still at a time of its own, that of the ceremony does not.
    service.pass(Math.ceil((Date.now() - service.clock.now()) / 1000));
    const rootSha256 = createHash('sha256').update(root.der).digest('hex');
    const imported = await service.services.importAuthority(admin, 'prod-issuing', {
      chainPem: read('prod.pem'),
      rootSha256,
    });
    expect(imported.inForce?.certificate).toMatchObject({ purpose: 'authority', state: 'issued' });
    const [trusted] = await service.services.trustBundle('prod');
    expect(Buffer.compare(trusted!, root.der)).toBe(0);
    const list = await service.services.importCrl(admin, 'prod-external-root', read('root.crl'));
    expect((await service.services.crl('prod-external-root')).crlNumber).toBe(list.crlNumber);
    await service.services.createProduct(admin, { environment: 'prod', name: 'a', nameRules: ['.prod.example'] });
    const { secret } = await service.services.createToken(admin, {
      product: 'prod/a',
      uses: null,
      lifetimeSeconds: 600,
    });
    const caller = await service.services.authenticateToken(secret);
    const csr = buildCsr({ key: makeSigningKey(), names: ['x.prod.example'], subject: new Uint8Array([0x30, 0]) });
    expect(await service.services.submitRequest(caller, { csrDer: csr })).toMatchObject({ kind: 'certificate' });
  });

  it('asks before it signs, and signs nothing when the answer is no', async () => {
    const { home, path, options } = await withRoot();
    const argv = [
      '--home',
      home,
      'ceremony',
      'sign',
      path('issuing.csr'),
      '--present',
      'A',
      '--passphrase-file',
      path('secret'),
    ];
    const declined = await commandLine(argv, { ...options, input: 'n\n' });
    expect([declined.code, declined.stdout]).toEqual([1, '']);
    expect(declined.stderr).toContain('Key, SHA-256');
    expect((await ceremonyState(home)).entries).toHaveLength(1);
    expect((await commandLine(argv, { ...options, input: 'y\n' })).code).toBe(0);
  });

  it('asks for the passphrase, twice where it is new', async () => {
    const { home, options } = airGapped();
    const root = ['--home', home, 'ceremony', 'root', 'Example Root', '--present', 'A'];
    const made = await commandLine(root, { ...options, input: `y\n${passphrase}\n${passphrase}\n` });
    expect([made.code, made.stderr.includes(passphrase)]).toEqual([0, false]);
    const crl = ['--home', home, 'ceremony', 'crl', '--present', 'A'];
    expect((await commandLine(crl, { ...options, input: `y\n${passphrase}\n` })).code).toBe(0);
    expect((await commandLine(crl, { ...options, input: 'y\nwrong\n' })).stderr).toContain('passphraseWrong');
  });

  it('takes a vault whose passphrase was split', async () => {
    const { home, options, path } = await withRoot();
    const env = { PRIVYSEAL_VAULT_PASSPHRASE_FILE: path('secret') };
    const split = ['vault', 'split', '--shares', '3', '--threshold', '2', '--out', path('shares')];
    expect(await runProgram(home, split, env)).toMatchObject({ code: 0 });
    const shares = ['share-3.txt', 'share-1.txt'].map((name) => readFileSync(path(`shares/${name}`), 'utf8'));
    const crl = ['--home', home, 'ceremony', 'crl', '--present', 'A'];
    expect((await commandLine(crl, { ...options, input: `y\n${shares.join('')}` })).code).toBe(0);
  });
});

describe('a ceremony refuses', () => {
  it('a second root in a home, and a home that is something else', async () => {
    const { act, folder, home, options } = await withRoot();
    const second = (await act('root', 'Second')).stderr;
    for (const said of ['homeNotEmpty', '`ceremony record --json` has its certificate']) expect(second).toContain(said);
    const other = [
      '--home',
      folder.path,
      'ceremony',
      'root',
      'X',
      '--present',
      'A',
      '--yes',
      '--passphrase-file',
      'secret',
    ];
    const refused = await commandLine(other, options);
    expect([refused.code, refused.stderr]).toEqual([8, expect.stringContaining('homeNotEmpty')]);
    expect((await ceremonyState(home)).entries).toHaveLength(1);
  });

  it('to sign without a root, and makes no home for that', async () => {
    const { act, home, path } = airGapped();
    writeFileSync(path('issuing.csr'), authorityCsr());
    for (const argv of [['sign', 'issuing.csr'], ['crl']]) expect((await act(...argv)).stderr).toContain('homeEmpty');
    expect(existsSync(home)).toBe(false);
  });

  it.each([
    ['a signature of another key', 'badCSR', () => tampered(authorityCsr())],
    ['no CSR at all', 'badCSR', (): Uint8Array => Buffer.from([0x30, 0x03, 0x02, 0x01, 0x00])],
    [
      'an empty subject',
      'badCSR',
      (): Uint8Array => buildCsr({ key: makeSigningKey(), subject: new Uint8Array([0x30, 0]) }),
    ],
    ['the name of the root', 'policyRefused', (): Uint8Array => authorityCsr('Example Root')],
    ['a longer CN than RFC 5280 admits', 'badCSR', (): Uint8Array => authorityCsr('x'.repeat(65))],
    ['control characters in its CN', 'rejectedIdentifier', (): Uint8Array => authorityCsr('Prod\u001b[2J')],
  ] as const)('a CSR with %s', async (_what, code, csr) => {
    const { act, path, home } = await withRoot();
    writeFileSync(path('bad.csr'), csr());
    const { code: exit, stdout, stderr } = await act('sign', 'bad.csr');
    expect([exit, stdout, stderr]).toEqual([3, '', expect.stringContaining(code)]);
    expect((await ceremonyState(home)).entries).toHaveLength(1);
  });

  it.each([
    [['--lifetime', '8000d'], 'outlivesIssuer'],
    [['--path-len', '1'], 'pathLen'],
  ])('a certificate with %s', async (more, reason) => {
    const { home } = await withRoot();
    const wanted = { csrDer: authorityCsr(), lifetimeSeconds: 86_400, pathLen: 0, addresses: {} };
    const given = more[0] === '--lifetime' ? { ...wanted, lifetimeSeconds: 8000 * 86_400 } : { ...wanted, pathLen: 1 };
    const around = { console: { ask: async () => passphrase, tell: () => undefined }, present: ['A'] };
    const refused = acts.sign(home, given, around).catch((error: unknown) => error);
    expect(JSON.stringify(await refused)).toContain(reason);
  });

  it('to revoke what it did not sign, or twice', async () => {
    const { act, issuing, home } = await withChain();
    expect((await act('crl', '--revoke', '0123')).stderr).toContain('notFound');
    expect((await act('crl', '--revoke', issuing.serial, '--out', '1.crl')).code).toBe(0);
    expect((await act('crl', '--revoke', issuing.serial)).stderr).toContain('alreadyRevoked');
    expect((await ceremonyState(home)).entries).toHaveLength(3);
  });

  it.each([
    [['x'.repeat(65)], 'common-name'],
    [[''], 'common-name'],
    [['Root', '--organization', 'x'.repeat(65)], '--organization'],
  ])('a root with a subject that no certificate may have: %j', async (more, argument) => {
    const { ceremony, home } = airGapped();
    const { code, stderr } = await ceremony('root', ...more, '--present', 'A');
    expect([code, stderr]).toEqual([2, expect.stringContaining(argument)]);
    expect(existsSync(home)).toBe(false);
  });

  it('addresses that a relying party could not use', async () => {
    const { act } = await withRoot();
    for (const url of ['https://ca.test/r.crl', 'ldap://ca.test', 'r.crl']) {
      expect((await act('sign', 'issuing.csr', '--crl-url', url)).code).toBe(2);
    }
  });

  it('an act before nobody', async () => {
    const { ceremony } = await withRoot();
    expect((await ceremony('crl', '--passphrase-file', 'secret', '--yes')).code).toBe(2);
  });

  it('a journal that was changed, and forgets a line that a crash cut off', async () => {
    const { home, act } = await withChain();
    const file = join(home, 'ceremony.jsonl');
    const whole = readFileSync(file, 'utf8');
    appendFileSync(file, '{"seq":3,"at":17');
    expect((await ceremonyState(home)).entries).toHaveLength(2);
    expect((await act('crl', '--out', 'root.crl')).code).toBe(0);
    expect((await ceremonyState(home)).entries).toHaveLength(3);
    const [first = '', second = ''] = whole.split('\n');
    for (const lines of [
      [second],
      [first, first],
      [first.replace('A. Turing', 'M. Mallory'), second],
      ['{}', second],
    ]) {
      expect(readJournal(lines)).toBeUndefined();
      writeFileSync(file, `${lines.join('\n')}\n`);
      expect(await codeOf(ceremonyState(home))).toBe('homeDamaged');
    }
  });

  it('to sign anything whose result could not be written', async () => {
    const { act, read, home } = await withRoot();
    for (const [out, code] of [
      ['root.pem', 'fileExists'],
      ['nowhere/root.crl', 'folderUnwritable'],
    ] as const)
      expect((await act('crl', '--out', out)).stderr).toContain(code);
    expect(read('root.pem')).toContain('BEGIN CERTIFICATE');
    expect((await ceremonyState(home)).entries).toHaveLength(1);
  });

  it('to lose a result that cannot be written after all', async () => {
    const { act } = await withRoot();
    const { code, stdout } = await act('crl', '--out', 'x'.repeat(300));
    expect([code, stdout]).toEqual([1, expect.stringContaining('BEGIN X509 CRL')]);
  });

  it('its home to a service', async () => {
    const { home } = await withRoot();
    const before = readdirSync(home);
    const anyPort = { PRIVYSEAL_PUBLIC_PORT: '0', PRIVYSEAL_ADMIN_PORT: '0', PRIVYSEAL_DISTRIBUTION_PORT: '0' };
    const served = await runProgram(home, ['serve'], anyPort);
    expect([served.code, served.stderr]).toEqual([8, expect.stringContaining('homeNotEmpty')]);
    expect(readdirSync(home)).toEqual(before);
  }, 60_000);
});

function tampered(csr: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(csr);
  const at = Buffer.from(changed).indexOf('Prod');
  changed[at] = 'Q'.charCodeAt(0);
  return changed;
}
