/** Puts the use cases together over the ports: what the faces are given, and what keeps the service fresh. */

import type { AlertKind } from '../domain/alerts/alert.ts';
import type { Clock } from '../ports/clock.ts';
import type { CsrReader } from '../ports/csr-reader.ts';
import type { Home } from '../ports/home.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { KeyPairs } from '../ports/key-pairs.ts';
import type { Log } from '../ports/log.ts';
import type { ProcessMeter } from '../ports/process-meter.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { Vault } from '../ports/vault.ts';
import type { WebhookSender } from '../ports/webhook-sender.ts';
import { createAlerting } from './alerts/alerting.ts';
import { createAuditCheckpoints } from './audit/audit-checkpoints.ts';
import { createAuditKeys } from './audit/audit-key.ts';
import { createRecordRefusal } from './audit/record-refusal.ts';
import { refuseOlderLog } from './audit/refuse-older-log.ts';
import {
  createAuthenticateCollector,
  createAuthenticateOperator,
  createAuthenticateProduct,
  createAuthenticateToken,
} from './authenticate-caller.ts';
import { type AuthorityDirectory, createAuthorityDirectory } from './authorities/authority-directory.ts';
import { type ClientAuthorities, clientAuthorities } from './authorities/client-authorities.ts';
import { createEnsureAuthority } from './authorities/create-authority.ts';
import {
  createCreateEnvironment,
  createEnsureEnvironment,
  type EnvironmentDeps,
  readEnvironment,
  viewEnvironments,
} from './authorities/create-environment.ts';
import { createGoOnWithCompromises } from './authorities/declared-compromises.ts';
import { createExternalDirectory } from './authorities/external-authorities.ts';
import { createEnsureRequested } from './authorities/request-authority.ts';
import { createTrustServices } from './authorities/trust-bundles.ts';
import { createTrustFiles } from './authorities/trust-files.ts';
import { rememberBriefly } from './brief-memory.ts';
import { createCampaignRounds } from './campaigns/run-campaigns.ts';
import { ensureFirstRun } from './first-run.ts';
import { type ClockLimits, type GuardedClock, guardClock } from './guard-clock.ts';
import { createHousekeeping } from './housekeeping.ts';
import { createArchiving } from './inventory/archive-expired.ts';
import { createExpiryCounts } from './inventory/expiry-counts.ts';
import { createCursorsFor } from './inventory/page-cursors.ts';
import { createReadCertificate } from './inventory/view-certificate.ts';
import { createIssueCertificate } from './issuing/issue-certificate.ts';
import { createIssueServiceCertificate, createRequestServiceCertificate } from './issuing/issue-service-certificate.ts';
import { recoverUnfinished } from './issuing/recover-unfinished.ts';
import {
  issueServerCertificate,
  type ServerCertificate,
  serverCertificateIsDue,
} from './issuing/server-certificate.ts';
import { createProductIssuing } from './issuing/submit-request.ts';
import { latestBelievedTime } from './latest-believed-time.ts';
import { administrationLater, authorityActsLater } from './load-later.ts';
import { createMeasurements } from './metrics/measurements.ts';
import type { WatchedFace } from './metrics/measuring-services.ts';
import { createSigningMeter, meterIssuing } from './metrics/meter-signing.ts';
import type { RecoveredOperator } from './operators/recover-operator.ts';
import { createReadiness, createStatus } from './report-status.ts';
import { createCollectRequest } from './requests/collect-request.ts';
import { createParkRequest } from './requests/park-request.ts';
import { createRequestNews } from './requests/request-news.ts';
import { createTendRequests } from './requests/tend-requests.ts';
import { createAnswerOcsp } from './revoking/answer-ocsp.ts';
import { createFinishCompromises } from './revoking/finish-compromises.ts';
import { createOcspResponders } from './revoking/ocsp-responders.ts';
import { createCrlPublisher } from './revoking/publish-crl.ts';
import { createRevocationNews } from './revoking/revocation-news.ts';
import { createRevokeByCertificate } from './revoking/revoke-by-certificate.ts';
import { createReleaseCertificate, createRevokeCertificate } from './revoking/revoke-certificate.ts';
import { createRenewalInfos } from './rotating/renewal-info.ts';
import { createDeploymentServices } from './rotating/report-deployment.ts';
import { createRotateCertificate } from './rotating/rotate-certificate.ts';
import { createSuperseding } from './rotating/supersede-predecessors.ts';
import type { DistributionUrls, Services } from './services.ts';

export interface BuildDeps {
  readonly inventory: Inventory;
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly home: Home;
  readonly keyPairs: KeyPairs;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly csrs: CsrReader;
  readonly log: Log;
  readonly processMeter: ProcessMeter;
  readonly webhooks: WebhookSender;
  readonly urls: DistributionUrls;
  readonly settings: ServiceSettings;
}

export interface ServiceSettings {
  readonly hierarchy: 'two-tier' | 'root';
  readonly authorityKeys: EnvironmentDeps['authorityKeys'];
  readonly crlLifetimeSeconds: number;
  readonly ocspLifetimeSeconds: number;
  readonly archiveAfterDays: number;
  readonly clockLimits: ClockLimits;
  readonly serverNames: readonly string[];
  /** Certificates of one product on one day (UTC); 0: without limit. */
  readonly productCertificatesPerDay: number;
  /** Days before its end at which a certificate that should have been rotated is an alert of its own. */
  readonly alertDays: readonly number[];
  /** Where alerts are told, and of which kinds; none: of all. */
  readonly webhookUrls: readonly string[];
  readonly webhookKinds: readonly AlertKind[];
  /** How many products the metrics show by name. */
  readonly metricsProducts: number;
  /** How long a request waits for approval. */
  readonly requestLifetimeSeconds: number;
}

/** The services, and the acts that main drives: they have no caller. */
export interface BuiltServices {
  readonly services: Services;
  readonly directory: AuthorityDirectory;
  readonly clock: GuardedClock;
  /** True when this was the first run of the home. */
  ensureFirstRun(): Promise<boolean>;
  issueServerCertificate(): Promise<ServerCertificate>;
  serverCertificateIsDue(certificate: ServerCertificate): Promise<boolean>;
  /** Break-glass; see recover-operator.ts. */
  recoverOperator(name: string): Promise<RecoveredOperator>;
  /** PEM of the authorities whose client certificates each HTTPS face asks for. */
  clientAuthorities(): Promise<ClientAuthorities>;
  /** Closes what a crash left; called once, before the faces open. */
  recoverUnfinished(): Promise<number>;
  /** Does what is due without anybody asking; called about once a second. Rejects with the first failure, after all else is done and what failed is logged. */
  housekeep(): Promise<void>;
  /** Signs the audit log up to its newest event. For the stop; at the start the housekeeping does it. Never throws: what fails is logged. */
  signAuditLog(): Promise<void>;
  /** Ends what alerts have under way; called after the last housekeeping. */
  stopAlerting(): Promise<void>;
  /** From here on the service reports that it is stopping. */
  beginStop(): void;
}

/** An intent this old was left by a signer or a process that is gone: no signature takes that long. */
const abandonedAfterMs = 60_000;

export async function buildServices(deps: BuildDeps): Promise<BuiltServices> {
  await refuseOlderLog(deps);
  const { clockLimits: limits } = deps.settings;
  const latest = await latestBelievedTime({ inventory: deps.inventory, now: deps.clock.now(), limits });
  const clock = guardClock(deps.clock, latest, limits);
  const base = withIssuing(deps, clock);
  const authorities = withAuthorities(base);
  const publishing = withPublishing(authorities);
  const requesting = withRequesting(publishing);
  const reporting = withReporting(requesting);
  return { ...builtOf(reporting, servicesOf(reporting)), clock };
}

/** What everything that signs needs: time, news, figures, opened authorities, and the one path by which certificates are issued. */
function withIssuing({ settings, ...deps }: BuildDeps, clock: GuardedClock) {
  const measurements = createMeasurements();
  const signing = createSigningMeter(measurements, clock);
  const shared = { ...deps, ...settings, clock, measurements, signing, news: createRevocationNews() };
  const issue = meterIssuing(createIssueCertificate(shared), measurements, clock);
  const requestServiceCertificate = createRequestServiceCertificate({ ...shared, issue });
  return {
    ...shared,
    issue,
    requestServiceCertificate,
    issueServiceCertificate: createIssueServiceCertificate(requestServiceCertificate),
    directory: createAuthorityDirectory(shared),
  };
}

/** Authorities and environments that are made and found, here or elsewhere, and the files and bundles that tell whom to trust. */
function withAuthorities(base: ReturnType<typeof withIssuing>) {
  const { inventory } = base;
  const making = {
    ...base,
    ensureAuthority: createEnsureAuthority(base),
    ensureRequested: createEnsureRequested(base),
    external: createExternalDirectory(inventory),
  };
  const trust = createTrustServices(making);
  const trustFiles = createTrustFiles({ ...making, trustBundle: trust.trustBundle });
  return {
    ...making,
    ensureEnvironment: createEnsureEnvironment(making),
    trust,
    trustFiles,
    trustChanged: trustFiles.update,
  };
}

/** What is signed again and again for everybody to read: lists, OCSP answers, checkpoints of the audit log, times to rotate. */
function withPublishing(base: ReturnType<typeof withAuthorities>) {
  return {
    ...base,
    crls: createCrlPublisher(base),
    responders: createOcspResponders(base),
    checkpoints: createAuditCheckpoints({ ...base, keys: createAuditKeys(base) }),
    renewals: createRenewalInfos(base),
  };
}

/** How products come to their certificates: at once, or after operators have approved. */
function withRequesting(base: ReturnType<typeof withPublishing>) {
  const { inventory, clock } = base;
  const known = {
    products: rememberBriefly(clock, (id) => inventory.product(id)),
    profiles: rememberBriefly(clock, (environment) => inventory.profiles(environment)),
    tokens: rememberBriefly(clock, (id) => inventory.token(id)),
  };
  const finding = { ...base, known, findProduct: known.products.find, findProfiles: known.profiles.find };
  const products = createProductIssuing({
    ...finding,
    park: createParkRequest(base),
    forgetWindow: base.renewals.forget,
  });
  const requestNews = createRequestNews();
  base.news.onChange(({ serial, revoked }) => revoked && requestNews.announceLoss(serial));
  base.news.onTokenRemoval((id) => requestNews.announceLoss(`token:${id}`));
  return { ...finding, products, requestNews };
}

/** What the service says of itself: readiness, alerts and figures. */
function withReporting(base: ReturnType<typeof withRequesting>) {
  let isStopping = false;
  const observed = {
    ...base,
    startedAt: base.clock.now(),
    stopping: () => isStopping,
    /** From here on the service reports that it is stopping. */
    reportStop: () => {
      isStopping = true;
    },
    faces: [] as WatchedFace[],
    expiryCounts: createExpiryCounts(base),
    cursorsFor: createCursorsFor(base),
    alerting: createAlerting(base),
  };
  return { ...observed, readiness: createReadiness(observed) };
}

type AllParts = ReturnType<typeof withReporting>;

/** The acts of operators, whose code is loaded when one of them is first asked for. */
function operatorActs(parts: AllParts) {
  const { known, news, renewals, trust } = parts;
  const administration = administrationLater({
    ...parts,
    forgetWindows: renewals.forgetAll,
    forgetProduct: known.products.forget,
    forgetProfiles: known.profiles.forget,
    tokenRemoved(id) {
      known.tokens.forget(id);
      news.announceTokenRemoval(id);
    },
  });
  const authorityActs = authorityActsLater({
    ...parts,
    find: trust.authorityGeneration,
    campaigns: administration,
  });
  return { ...administration, ...authorityActs };
}

/** What the faces are given. */
function servicesOf(parts: AllParts): Services {
  const { inventory, news, measurements, external, crls, checkpoints, renewals, products, trust, readiness } = parts;
  const findToken = parts.known.tokens.find;
  const createEnvironment = createCreateEnvironment(parts, parts.ensureEnvironment);
  return {
    authenticateToken: createAuthenticateToken({ ...parts, findToken }),
    authenticateCollector: createAuthenticateCollector({ ...parts, findToken }),
    authenticateProduct: createAuthenticateProduct(parts),
    authenticateOperator: createAuthenticateOperator(parts),
    submitRequest: products.submit,
    rotateCertificate: createRotateCertificate(parts),
    readCertificate: createReadCertificate(parts),
    revokeCertificate: createRevokeCertificate(parts),
    revokeByCertificate: createRevokeByCertificate(parts),
    releaseCertificate: createReleaseCertificate(parts),
    ...createDeploymentServices(parts),
    collectRequest: createCollectRequest(parts),
    ...trust,
    ...operatorActs(parts),
    listExternalAuthorities: () => external.all(),
    externalAuthority: (name) => external.find(name),
    crl: async (authority) => {
      const elsewhere = await external.find(authority);
      return elsewhere ? external.crl(elsewhere) : crls.current(authority);
    },
    latestCrl: crls.latest,
    renewalInfo: renewals.find,
    readyRenewalInfo: renewals.ready,
    answerOcsp: createAnswerOcsp(parts),
    async createEnvironment(caller, input) {
      const view = await createEnvironment(caller, input);
      await parts.trustChanged(input.name);
      return view;
    },
    listEnvironments: () => viewEnvironments(inventory),
    readEnvironment: (name) => readEnvironment(inventory, name),
    listAlerts: () => inventory.openAlerts(),
    latestCheckpoint: () => checkpoints.latest(),
    status: createStatus(parts, readiness),
    readiness,
    recordRefusal: createRecordRefusal(parts),
    watchFace(face) {
      parts.faces.push(face);
      measurements.mayRefuse(face.name, face.refusalCodes);
    },
    countAnswer: measurements.answered,
    countRefusal: measurements.refused,
    onRevoked: (listener) => news.onChange(({ serial, revoked }) => revoked && listener(serial)),
    onRoleChange: (listener) => news.onRoleChange(listener),
    onTokenRemoval: (listener) => news.onTokenRemoval(listener),
  };
}

/** What main drives. */
function builtOf(parts: AllParts, services: Services): Omit<BuiltServices, 'clock'> {
  const { directory, external, alerting, checkpoints } = parts;
  const keepHouse = housekeepingOf(parts, services);
  return {
    services,
    directory,
    ensureFirstRun: () => ensureFirstRun(parts),
    serverCertificateIsDue: (certificate) => serverCertificateIsDue(parts, certificate),
    issueServerCertificate: () => issueServerCertificate({ ...parts, names: parts.serverNames }),
    recoverOperator: async (name) => (await import('./operators/recover-operator.ts')).recoverOperator(parts, name),
    clientAuthorities: () => clientAuthorities(directory, external),
    recoverUnfinished: () => recoverUnfinished(parts, Number.MAX_SAFE_INTEGER),
    async housekeep() {
      void alerting.tend();
      await keepHouse();
    },
    signAuditLog: () => checkpoints.sign(),
    stopAlerting: () => alerting.stop(),
    beginStop() {
      parts.reportStop();
      parts.requestNews.stop();
    },
  };
}

function housekeepingOf(parts: AllParts, { declareCompromise }: Services): () => Promise<void> {
  const { inventory, clock, crls, responders, checkpoints, renewals, trustFiles, log } = parts;
  return createHousekeeping(log, {
    closeAbandonedIntents: () => recoverUnfinished(parts, clock.now() - abandonedAfterMs),
    finishCompromises: createFinishCompromises(parts),
    completeDeclaredCompromises: createGoOnWithCompromises({ ...parts, declareCompromise }),
    publishLists: () => crls.refreshDue(),
    renewOcspResponders: () => responders.refreshDue(),
    revokeSuperseded: createSuperseding(parts),
    goOnWithCampaigns: createCampaignRounds({ ...parts, forgetWindows: renewals.forgetAll }),
    archiveExpired: createArchiving(parts),
    signAuditLog: () => checkpoints.signDue(),
    catchUpWithIndexes: () => catchUp(inventory, Math.floor(clock.now() / 1000)),
    tendRequests: createTendRequests(parts),
    writeTrustFiles: () => trustFiles.writeLate(),
  });
}

/** Each step is short, and others come in between; what is left when there are many waits for the next round. */
async function catchUp(inventory: Inventory, now: number): Promise<void> {
  for (let step = 0; step < 100; step++) if (!(await inventory.catchUp(now))) return;
}
