/** A corporate root that is kept with openssl signs our issuing authority and its lists; openssl judges what comes of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { commandLine } from '../support/command-line.ts';
import { describeWith, itWith, run } from '../support/judges.ts';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { suiteFolder } from '../support/suite-folder.ts';

/** As people keep an offline root: serials and lists counted from files, and lists with no more in them than OpenSSL puts there unasked. */
const caConfiguration = `
[ca]
default_ca = corporate
[corporate]
dir = .
database = index.txt
new_certs_dir = .
serial = serial
crlnumber = crlnumber
certificate = root.pem
private_key = root.key
default_md = sha256
default_crl_days = 90
policy = anything
x509_extensions = issuing
[anything]
commonName = supplied
[issuing]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
`;

describeWith('openssl', 'a corporate root that is kept with openssl', () => {
  const folder = suiteFolder();
  const file = (name: string): string => join(folder('.'), name);
  let service: RunningService;

  const openssl = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run('openssl', args, { cwd: folder('.'), timeoutMs: 60_000 });
    return `exit ${code}\n${stdout}${stderr}`;
  };
  const privyseal = (...argv: string[]) =>
    commandLine([...argv, '--home', service.home, '--url', service.urls.public, '--admin-url', service.urls.admin], {
      now: Date.now(),
      cwd: folder('.'),
    });
  const done = async (...argv: string[]): Promise<string> => {
    const { code, stdout, stderr } = await privyseal(...argv);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    return stdout;
  };
  const makeList = async (): Promise<void> => {
    expect(await openssl('ca', '-config', 'ca.cnf', '-gencrl', '-out', 'root.crl.pem')).toContain('exit 0');
  };
  /** As a client does that looks at every list of the path. */
  const verify = async (): Promise<string> => {
    const lists = await Promise.all(
      ['corp-issuing', 'corp-external-root'].map((name) => service.distribution(`/crl/${name}.pem`)),
    );
    writeFileSync(file('lists.pem'), lists.map(({ body }) => body.toString()).join(''));
    const trusted = [
      '-CAfile',
      service.path('trust/corp.pem'),
      '-CRLfile',
      'lists.pem',
      '-crl_check_all',
      '-x509_strict',
    ];
    return openssl('verify', ...trusted, '-untrusted', 'a/chain.pem', 'a/cert.pem');
  };

  beforeAll(async () => {
    service = await startService({ readyWithinMs: 100_000 });
    const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
    const key = ['-newkey', 'rsa:3072', '-nodes', '-keyout', 'root.key', '-out', 'root.pem', '-days', '3650'];
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    expect(await openssl('req', '-x509', ...key, '-subj', '/O=Example Corp/CN=Example Root', ...added)).toContain(
      'exit 0',
    );
    for (const [name, content] of Object.entries({
      'ca.cnf': caConfiguration,
      'index.txt': '',
      serial: '1000\n',
      crlnumber: '01\n',
    })) {
      writeFileSync(file(name), content);
    }
  }, 120_000);
  afterAll(() => service?.dispose());

  itWith(
    'openssl',
    'signs the CSR, is imported, and verifies what is issued with all lists',
    async () => {
      await done('environment', 'add', 'corp', '--hierarchy', 'external');
      writeFileSync(file('issuing.csr'), await done('authority', 'show', 'corp-issuing', '--csr'));
      const asked = await openssl('req', '-in', 'issuing.csr', '-noout', '-verify', '-text');
      expect(asked).toMatch(/CA:TRUE, pathlen:0[\s\S]*Certificate Sign, CRL Sign[\s\S]*self-signature verify OK/);
      const signed = ['-in', 'issuing.csr', '-out', 'issuing.pem', '-notext', '-days', '1000'];
      expect(await openssl('ca', '-config', 'ca.cnf', '-batch', ...signed)).toContain('exit 0');

      expect(await privyseal('authority', 'import', 'corp-issuing', 'issuing.pem')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('rootMissing'),
      });
      expect(await done('authority', 'import', 'corp-issuing', 'issuing.pem', '--root', 'root.pem')).toContain(
        'active',
      );
      await done('product', 'add', 'corp/a', '--name', 'a.corp.example');
      await done('token', 'add', 'corp/a', '--uses', '5', '--out', 'a.token');
      const enrol = { tokenFile: file('a.token') };
      const agent = rotatingAgent(service, file('agent'), { names: ['a.corp.example'], enrol });
      const early = await agent.turn();
      expect([early.act, early.code, early.detail]).toEqual([
        'failed',
        'crlMissing',
        expect.stringContaining('import-crl corp-external-root'),
      ]);
      await makeList();
      expect(await done('authority', 'import-crl', 'corp-external-root', 'root.crl.pem')).toContain(
        'corp-external-root.crl',
      );
      expect(await agent.turn()).toMatchObject({ act: 'enrolled' });
      expect(agent.read('crl.pem').match(/BEGIN X509 CRL/g)).toHaveLength(2);
      await done('request', 'a.corp.example', '--token-file', file('a.token'), '--out', 'a');
      expect(await verify()).toBe('exit 0\na/cert.pem: OK\n');
      const aia = await service.distribution('/aia/corp-external-root.cer');
      writeFileSync(file('aia.cer'), aia.body);
      expect(await openssl('x509', '-inform', 'DER', '-in', 'aia.cer', '-noout', '-subject')).toContain('Example Root');
    },
    180_000,
  );

  itWith(
    'openssl',
    'revokes our authority by its list, and we issue nothing from then on',
    async () => {
      expect(await openssl('ca', '-config', 'ca.cnf', '-revoke', 'issuing.pem')).toContain('exit 0');
      const own = await privyseal('authority', 'import-crl', 'corp-issuing', 'root.crl.pem');
      expect(own).toMatchObject({ code: 3, stderr: expect.stringContaining('conflict') });
      await makeList();
      await done('authority', 'import-crl', 'corp-external-root', 'root.crl.pem');
      const refused = await privyseal('request', 'a.corp.example', '--token-file', file('a.token'), '--out', 'b');
      expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('issuerRevoked') });
      expect(await verify()).toContain('certificate revoked');
      expect(await done('status')).toContain('corp-issuing issues nothing');
    },
    180_000,
  );
});
