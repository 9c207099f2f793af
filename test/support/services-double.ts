/** Services in memory that record what the faces asked of them: for tests of translation, where no CA is needed. */
import type { Alert } from '../../src/domain/alerts/alert.ts';
import type { KeptEvent } from '../../src/domain/audit/kept-event.ts';
import { CaError, type CaErrorCode } from '../../src/domain/errors.ts';
import { auditChainHash, auditGenesisHash, canonicalAuditEvent } from '../../src/domain/records/audit-event.ts';
import type { CertificateRecord } from '../../src/domain/records/certificate.ts';
import type { Deployment } from '../../src/domain/records/deployment.ts';
import type { Authority, OperatorRole } from '../../src/domain/records/environment.ts';
import { gauge } from '../../src/domain/records/metric.ts';
import { renderers } from '../../src/faces/http/json/certificate-text.ts';
import type { AuthorityView } from '../../src/services/authorities/authority-services.ts';
import { actorOf, type Caller } from '../../src/services/caller.ts';
import type { AnsweredRequest } from '../../src/services/metrics/measurements.ts';
import type { WatchedFace } from '../../src/services/metrics/measuring-services.ts';
import type { CertificateView, OperatorView, Services } from '../../src/services/services.ts';
import type { KeyCheck } from '../../src/services/vaults/vault-services.ts';
import { authoritiesDouble } from './authorities-double.ts';
import { campaignsDouble } from './campaigns-double.ts';
import { registryDouble } from './registry-double.ts';
import { requestsDouble } from './requests-double.ts';
import { rotationsDouble } from './rotations-double.ts';
import { makeTestHierarchy, testNow } from './test-hierarchy.ts';

export const goodToken = 'pst_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789a';
export const tokenCaller: Caller = { kind: 'token', tokenId: 't1', product: 'dev/demo', profiles: ['server'] };

export interface ServicesDouble {
  readonly services: Services;
  /** Every call but those that only tell of something, in order. */
  readonly calls: { readonly name: keyof Services; readonly args: readonly unknown[] }[];
  readonly refusals: Parameters<Services['recordRefusal']>[0][];
  readonly counted: Counted;
  /** Tells the faces that a certificate stopped being good. */
  announceRevoked(serial: string): void;
  /** Tells the faces that a certificate's operator may do other things now. */
  announceRoleChange(serial: string): void;
  /** Tells the faces that a token is gone. */
  announceTokenRemoval(id: string): void;
}

/** What the faces told the metrics. */
export interface Counted {
  readonly faces: WatchedFace[];
  readonly answers: AnsweredRequest[];
  readonly refusals: [face: string, code: CaErrorCode][];
}

export const hierarchy = makeTestHierarchy();

export function makeRecord(override: Partial<CertificateRecord> = {}): CertificateRecord {
  return {
    serial: hierarchy.leaf.serial,
    purpose: 'product',
    environment: 'dev',
    owner: 'dev/demo',
    authority: 'dev-issuing',
    issuerSerial: hierarchy.issuing.serial,
    profile: 'server',
    profileVersion: 1,
    productVersion: 1,
    subject: 'CN=demo.dev.internal',
    names: ['demo.dev.internal'],
    keyType: 'ec-p256',
    keySha256: 'ab'.repeat(32),
    notBefore: testNow - 3600,
    notAfter: testNow + 86_399,
    requestedBy: 'token:t1',
    requestedAt: testNow * 1000,
    predecessor: null,
    state: 'issued',
    issuedAt: testNow * 1000 + 5,
    revocation: null,
    successor: null,
    ...override,
  };
}

export const makeView = (override: Partial<CertificateRecord> = {}): CertificateView => ({
  record: makeRecord(override),
  der: hierarchy.leaf.der,
  chainDer: [hierarchy.issuing.der],
  issuer: 'dev-issuing',
});

const rootAuthority: Authority = {
  name: 'dev-root',
  role: 'root',
  environment: 'dev',
  parent: 'dev-root',
  generation: 1,
  vault: 'file',
  vaultKey: 'dev-root',
  keyType: 'ec-p256',
  signatureAlgorithm: 'ecdsa-with-SHA256',
  certificateSerial: hierarchy.root.serial,
  createdAt: testNow * 1000,
};

const rootView: AuthorityView = {
  authority: rootAuthority,
  id: 'dev-root',
  generation: {
    ...rootAuthority,
    authority: 'dev-root',
    number: 1,
    phase: 'inForce',
    isCompromised: false,
    keyDestroyedAt: null,
    responder: null,
  },
  certificate: makeRecord({ serial: hierarchy.root.serial, purpose: 'authority', subject: 'CN=Test Root' }),
  certificateDer: hierarchy.root.der,
};

export const testCrl = {
  der: new Uint8Array([0x30, 0x03, 0x02, 0x01, 0x07]),
  crlNumber: 7n,
  thisUpdate: testNow - 60,
  nextUpdate: testNow + 3600,
  etag: '"crl-7"',
};

const canonical = canonicalAuditEvent(1, {
  at: testNow * 1000,
  kind: 'request.refused',
  actor: 'anonymous',
  object: 'POST /v1/certificates',
  code: 'badCSR',
  reasons: ['notDer'],
  details: { path: '/v1/certificates' },
});
export const testEvent: KeptEvent = {
  seq: 1,
  canonical,
  previousHash: auditGenesisHash,
  hash: auditChainHash(auditGenesisHash, canonical),
};

const testCheckpoint = {
  checkpoint: { log: testEvent.hash, seq: 1, hash: testEvent.hash, at: testNow * 1000 },
  note: 'a note\n',
};
const oneValid = { pending: 0, valid: 1, expired: 0, revoked: 0, held: 0 };
const testMonday = Date.UTC(2026, 10, 16) / 1000;

/** Each record in a chunk of its own, in the words of the real renderers. */
export async function* textOf(records: readonly CertificateRecord[], form: string): AsyncGenerator<Uint8Array> {
  for (const record of records) yield Buffer.from(renderers[form]!(record, testNow));
}

const testAlert: Alert = {
  id: 'rotationOverdue:dev/demo',
  kind: 'rotationOverdue',
  subject: 'dev/demo',
  withinDays: null,
  count: 2,
  openedAt: testNow * 1000,
};

export const goodKey: KeyCheck = {
  authority: 'dev-root',
  generation: 1,
  key: 'dev-root.1',
  keyType: 'ec-p256',
  signatureAlgorithm: 'ecdsa-with-SHA256',
  fault: null,
  latencyMs: 0.25,
  slowestMs: 1.5,
  signaturesPerSecond: 4000,
};

const demoDeployment: Deployment = {
  serial: hierarchy.leaf.serial,
  target: 'web-1',
  outcome: 'proved',
  endpoint: 'web-1.dev.internal:443',
  servedSerial: hierarchy.leaf.serial,
  detail: null,
  trustSha256: [],
  reportedAt: testNow * 1000,
  reporter: 'product:dev/demo',
};

const knownOnly = (name: string, known: string): void => {
  if (name !== known) throw new CaError('notFound', 'There is no such thing.');
};

/** Everything answers well for one product, one certificate and one authority; `override` replaces what a test is about. */
export function makeServices(override: Partial<Services> = {}): ServicesDouble {
  const calls: ServicesDouble['calls'] = [];
  const refusals: ServicesDouble['refusals'] = [];
  const counted: Counted = { faces: [], answers: [], refusals: [] };
  const listeners: ((serial: string) => void)[] = [];
  const roleListeners: ((serial: string) => void)[] = [];
  const tokenListeners: ((id: string) => void)[] = [];
  const working: Services = {
    authenticateToken: async (bearer) => {
      if (bearer === goodToken) return tokenCaller;
      throw new CaError('unauthenticated', 'unknown', { reasons: [{ code: 'tokenUnknown', message: 'unknown' }] });
    },
    authenticateCollector: async (bearer) => {
      if (bearer === goodToken) return tokenCaller;
      throw new CaError('unauthenticated', 'unknown', { reasons: [{ code: 'tokenUnknown', message: 'unknown' }] });
    },
    authenticateProduct: async () => ({ kind: 'product', product: 'dev/demo', serial: hierarchy.leaf.serial }),
    authenticateOperator: async () => operatorCaller('admin'),
    submitRequest: async () => ({ kind: 'certificate', view: makeView() }),
    rotateCertificate: async () => ({ kind: 'certificate', view: makeView() }),
    ...requestsDouble,
    ...campaignsDouble,
    readCertificate: async (_caller, serial) => {
      knownOnly(serial, hierarchy.leaf.serial);
      return makeView();
    },
    listCertificates: async (_caller, _input, form) => ({
      text: Buffer.from(renderers[form]!(makeRecord(), testNow)),
      nextCursor: null,
    }),
    exportCertificates: async (_caller, _input, form) => textOf([makeRecord()], form),
    countExpiring: async () => ({
      now: testNow,
      until: testNow + 86_400,
      days: new Map([[testMonday, { certificates: 3, withoutSuccessor: 2, overdue: 1 }]]),
      products: new Map([['dev/demo', { certificates: 3, withoutSuccessor: 2, overdue: 1 }]]),
    }),
    summarizeInventory: async () => ({
      total: oneValid,
      products: new Map([['dev/demo', oneValid]]),
      profiles: new Map([['dev/server', oneValid]]),
      keyTypes: new Map([['ec-p256', oneValid]]),
      expiryWeeks: new Map([[testMonday, oneValid]]),
    }),
    revokeCertificate: async (_caller, _serial, { reason }) =>
      makeView({ state: 'revoked', revocation: { at: testNow, reason: reason as 'superseded' } }),
    revokeByCertificate: async (_caller, certificate, { reason }) => ({
      certificate,
      issuer: 'dev-issuing',
      revocation: { at: testNow, reason: reason as 'superseded' },
      recorded: false,
    }),
    releaseCertificate: async () => makeView(),
    reportDeployment: async (caller, serial, report) => {
      knownOnly(serial, hierarchy.leaf.serial);
      return { ...report, serial, reportedAt: testNow * 1000, reporter: actorOf(caller) };
    },
    listDeployments: async (_caller, serial) => {
      knownOnly(serial, hierarchy.leaf.serial);
      return [demoDeployment];
    },
    listAuthorities: async () => [rootView],
    authority: async (name) => {
      knownOnly(name, 'dev-root');
      return rootView;
    },
    ...rotationsDouble((name) => knownOnly(name, 'dev-root')),
    ...authoritiesDouble(
      (name) => knownOnly(name, 'dev-root'),
      () => rootView,
      () => testCrl,
    ),
    authorityGeneration: async (id) => {
      knownOnly(id, 'dev-root');
      return rootView;
    },
    trustBundle: async (environment) => {
      knownOnly(environment, 'dev');
      return [hierarchy.root.der];
    },
    listVaults: async () => [
      { name: 'file', configured: true, fault: null, takesNewAuthorities: true, authorities: ['dev-root'] },
    ],
    checkVault: async (_caller, name) => {
      knownOnly(name, 'file');
      return { name, checkedAt: testNow * 1000, fault: null, keys: [goodKey] };
    },
    crl: async (authority) => {
      knownOnly(authority, 'dev-root');
      return testCrl;
    },
    latestCrl: async () => testCrl,
    renewalInfo: async (serial) => {
      knownOnly(serial, hierarchy.leaf.serial);
      return { serial, start: testNow + 1000, end: testNow + 2000, reason: 'lifetime', retryAfterSeconds: 3600 };
    },
    readyRenewalInfo: () => undefined,
    answerOcsp: async (_authority, requestDer) =>
      requestDer.length > 0
        ? { der: new Uint8Array([0x30, 0x01, 0x00]), cacheableUntil: testNow + 600, successful: true }
        : { der: new Uint8Array([0x30, 0x03, 0x0a, 0x01, 0x01]), cacheableUntil: null, successful: false },
    addOperator: async (_caller, { name, role }) => ({ ...operatorView(name, role), issued: makeView() }),
    listOperators: async () => [operatorView('the-admin', 'admin')],
    readOperator: async (_caller, name) => operatorView(name, 'operator'),
    changeOperatorRole: async (_caller, name, role) => operatorView(name, role),
    removeOperator: async () => [hierarchy.leaf.serial],
    issueOperatorCertificate: async () => makeView(),
    createEnvironment: async (_caller, { name, hierarchy: kind }) => ({
      environment: { name, hierarchy: kind, createdAt: testNow * 1000 },
      authorities: [rootAuthority],
      profiles: [],
    }),
    listEnvironments: async () => [],
    readEnvironment: async (name) => {
      knownOnly(name, 'dev');
      return {
        environment: { name, hierarchy: 'root', createdAt: testNow * 1000 },
        authorities: [rootAuthority],
        profiles: [],
      };
    },
    ...registryDouble,
    listAlerts: async () => [testAlert],
    listAuditEvents: async () => ({ items: [testEvent], nextCursor: null }),
    latestCheckpoint: async () => testCheckpoint,
    status: async () => ({
      startedAt: testNow * 1000,
      readiness: [{ name: 'inventory', ready: true }],
      counts: { certificates: 1, archived: 0, intents: 0, revoked: 0, auditEvents: 3 },
      authorities: [{ name: 'dev-root', notAfter: testNow + 1000, crl: testCrl }],
      reminders: [],
    }),
    readiness: async () => [{ name: 'inventory', ready: true }],
    recordRefusal: async (refusal) => void refusals.push(refusal),
    watchFace: (face) => void counted.faces.push(face),
    countAnswer: (request) => void counted.answers.push(request),
    countRefusal: (face, code) => void counted.refusals.push([face, code]),
    collectMetrics: async () => [gauge('privyseal_build_info', 'Always 1', [{ labels: { version: '1' }, value: 1 }])],
    onRevoked: (listener) => void listeners.push(listener),
    onRoleChange: (listener) => void roleListeners.push(listener),
    onTokenRemoval: (listener) => void tokenListeners.push(listener),
    ...override,
  };
  return {
    services: recorded(working, calls),
    calls,
    refusals,
    counted,
    announceRevoked: (serial) => {
      for (const listener of listeners) listener(serial);
    },
    announceRoleChange: (serial) => {
      for (const listener of roleListeners) listener(serial);
    },
    announceTokenRemoval: (id) => {
      for (const listener of tokenListeners) listener(id);
    },
  };
}

const operatorView = (name: string, role: OperatorRole): OperatorView => ({
  operator: { name, role, createdAt: testNow * 1000 },
  certificates: [makeRecord({ purpose: 'operator', owner: name, authority: 'system' })],
});

export const operatorCaller = (role: OperatorRole, serial = 'aa'.repeat(20)): Caller => ({
  kind: 'operator',
  name: `the-${role}`,
  role,
  serial,
});

const telling = new Set<keyof Services>([
  ...(['recordRefusal', 'onRevoked', 'onRoleChange', 'onTokenRemoval'] as const),
  ...(['watchFace', 'countAnswer', 'countRefusal'] as const),
]);

function recorded(working: Services, calls: ServicesDouble['calls']): Services {
  return new Proxy(working, {
    get(target, name: keyof Services) {
      const service = target[name] as (...args: unknown[]) => unknown;
      if (telling.has(name)) return service;
      return (...args: unknown[]) => {
        calls.push({ name, args });
        return service(...args);
      };
    },
  });
}
