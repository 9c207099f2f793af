/** schemathesis judges the live faces by their OpenAPI documents: nothing undocumented is answered, nothing described is refused as malformed. */
import { X509Certificate } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type IssuedCertificate, issueCertificate } from '../support/issued-certificate.ts';
import { describeWith, itWith } from '../support/judges.ts';
import { demoName, makeKeyRequest } from '../support/key-request.ts';
import { type RunningService, startService, temporaryFolder } from '../support/running-service.ts';
import { type JudgedFace, judgeFace, judgeTimeoutMs } from '../support/schemathesis.ts';

/** A limit would end the run with 429 where an answer was to be judged. */
const unlimited = { PRIVYSEAL_REQUESTS_PER_MINUTE: '1000000000', PRIVYSEAL_REQUEST_LOG: 'false' };

describeWith('schemathesis', 'schemathesis', () => {
  let service: RunningService;
  let folder: string;
  let own: IssuedCertificate;
  let values: NonNullable<JudgedFace['values']>;
  let spare: string;

  beforeAll(async () => {
    folder = temporaryFolder();
    service = await startService({ env: unlimited });
    own = await issueCertificate(service, folder, { profile: 'client', name: 'own' });
    const serials: string[] = [];
    for (let count = 0; count < 6; count++) serials.push((await issueCertificate(service, folder)).serial);
    [spare = ''] = serials;
    values = {
      'path.serial': serials,
      'path.name': ['dev-root', 'dev-issuing', 'demo', 'server', 'spare'],
      'path.authority': ['dev-root', 'dev-issuing', 'system'],
      'path.environment': ['dev', 'system'],
      'body.csr': Array.from({ length: 6 }, () => makeKeyRequest().csrPem),
      'body.invalidityDate': ['2020-02-29T12:00:00Z'],
      'body.profile': ['server', 'client', 'peer'],
      'body.target': ['web-1', 'kafka/broker-2'],
      'body.names[*]': [demoName, `a.${demoName}`],
    };
  });

  afterAll(async () => {
    await service?.dispose();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const approves = async (face: Omit<JudgedFace, 'values' | 'ca'> & { readonly ca?: string }): Promise<void> => {
    const { report, ...judgement } = await judgeFace({ ...face, values });
    expect(judgement, report).toEqual({ passed: true, tested: judgement.operations, operations: judgement.operations });
    expect(judgement.operations, report).toBeGreaterThan(0);
    expect((await service.admin('/v1/status')).status).toBe(200);
  };

  // Side by side: the judge is busy with itself most of the time.
  describe.concurrent('finds nothing', () => {
    itWith(
      'schemathesis',
      'in the admin face, as an operator',
      async () => {
        const serial = serialOf(service.read('admin/admin.crt'));
        await approves({
          document: 'admin',
          url: service.urls.admin,
          ca: service.path('trust/system.pem'),
          client: { certificate: service.path('admin/admin.crt'), key: service.path('admin/admin.key') },
          standIns: { [serial]: spare, admin: 'nobody' },
        });
      },
      judgeTimeoutMs,
    );

    itWith(
      'schemathesis',
      'in the public face, with a token',
      async () => {
        await approves({
          document: 'public',
          url: service.urls.public,
          ca: service.path('trust/system.pem'),
          token: service.read('demo/token').trim(),
          standIns: { [own.serial]: spare },
        });
      },
      judgeTimeoutMs,
    );

    itWith(
      'schemathesis',
      'in the public face, with a certificate',
      async () => {
        await approves({
          document: 'public',
          url: service.urls.public,
          ca: service.path('trust/system.pem'),
          client: { certificate: own.files.full, key: own.files.key },
          standIns: { [own.serial]: spare },
        });
      },
      judgeTimeoutMs,
    );

    itWith(
      'schemathesis',
      'in the distribution face',
      async () => {
        await approves({ document: 'distribution', url: service.urls.distribution });
      },
      judgeTimeoutMs,
    );
  });
});

const serialOf = (pem: string): string => new X509Certificate(pem).serialNumber.toLowerCase();
