/** Puts the use cases together over the ports: what the faces are given, and what keeps the service fresh. */

import type { AlertKind } from '../domain/alerts/alert.ts';
import { encodePem } from '../domain/der/pem.ts';
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
import { createAuditKeys, writeAuditRoots } from './audit/audit-key.ts';
import { createRecordRefusal } from './audit/record-refusal.ts';
import { refuseOlderLog } from './audit/refuse-older-log.ts';
import {
  createAuthenticateCollector,
  createAuthenticateOperator,
  createAuthenticateProduct,
  createAuthenticateToken,
} from './authenticate-caller.ts';
import {
  type ActiveAuthority,
  type AuthorityDirectory,
  createAuthorityDirectory,
} from './authorities/authority-directory.ts';
import { createEnsureAuthority } from './authorities/create-authority.ts';
import {
  createCreateEnvironment,
  createEnsureEnvironment,
  type EnvironmentDeps,
  readEnvironment,
  viewEnvironments,
} from './authorities/create-environment.ts';
import { createGoOnWithCompromises } from './authorities/declared-compromises.ts';
import { createExternalDirectory, type ExternalDirectory } from './authorities/external-authorities.ts';
import { createEnsureRequested } from './authorities/request-authority.ts';
import { createTrustServices } from './authorities/trust-bundles.ts';
import { createTrustFiles } from './authorities/trust-files.ts';
import { rememberBriefly } from './brief-memory.ts';
import { createCampaignRounds } from './campaigns/run-campaigns.ts';
import { ensureFirstRun } from './first-run.ts';
import { type ClockLimits, type GuardedClock, guardClock } from './guard-clock.ts';
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
  /** Does what is due without anybody asking; called about once a second. Rejects with the first failure, after all else is done. */
  housekeep(): Promise<void>;
  /** Signs the audit log up to its newest event. For the stop; at the start the housekeeping does it. Never throws: what fails is logged. */
  signAuditLog(): Promise<void>;
  /** Ends what alerts have under way; called after the last housekeeping. */
  stopAlerting(): Promise<void>;
  /** From here on the service reports that it is stopping. */
  beginStop(): void;
}

export interface ClientAuthorities {
  readonly system: string;
  readonly products: readonly string[];
}

/** An intent this old was left by a signer or a process that is gone: no signature takes that long. */
const abandonedAfterMs = 60_000;

export async function buildServices(deps: BuildDeps): Promise<BuiltServices> {
  const { inventory, settings } = deps;
  await refuseOlderLog(deps);
  const clock = guardClock(deps.clock, await inventory.latestTime(), settings.clockLimits);
  const news = createRevocationNews();
  const measurements = createMeasurements();
  const signing = createSigningMeter(measurements, clock);
  const shared = { ...deps, clock, news, measurements, signing, ...settings };
  const directory = createAuthorityDirectory(shared);
  const issue = meterIssuing(createIssueCertificate(shared), measurements, clock);
  const requestServiceCertificate = createRequestServiceCertificate({ ...shared, issue });
  const issueServiceCertificate = createIssueServiceCertificate(requestServiceCertificate);
  const withIssuing = { ...shared, directory, issueServiceCertificate };
  const ensureAuthority = createEnsureAuthority(withIssuing);
  const ensureRequested = createEnsureRequested({ ...shared, directory });
  const ensureEnvironment = createEnsureEnvironment({ ...shared, ensureAuthority, ensureRequested });
  const crls = createCrlPublisher({ ...shared, directory });
  const responders = createOcspResponders(withIssuing);
  const archiveStep = createArchiving(shared);
  const supersedeStep = createSuperseding(shared);
  const finishCompromises = createFinishCompromises(shared);
  const checkpoints = createAuditCheckpoints({ ...shared, keys: createAuditKeys(withIssuing) });
  const renewals = createRenewalInfos(shared);
  const campaignRound = createCampaignRounds({ ...shared, forgetWindows: renewals.forgetAll });
  const cursorsFor = createCursorsFor(shared);
  const known = {
    products: rememberBriefly(clock, (id) => inventory.product(id)),
    profiles: rememberBriefly(clock, (environment) => inventory.profiles(environment)),
    tokens: rememberBriefly(clock, (id) => inventory.token(id)),
  };
  const findProduct = known.products.find;
  const requestNews = createRequestNews();
  const products = createProductIssuing({
    ...shared,
    directory,
    issue,
    findProduct,
    findProfiles: known.profiles.find,
    park: createParkRequest({ ...shared, directory }),
  });
  const approving = { ...shared, directory, products, findProduct, requestNews };
  const tendRequests = createTendRequests(approving);
  const external = createExternalDirectory(inventory);
  const trust = createTrustServices({ inventory, directory, clock, external });
  const createEnvironment = createCreateEnvironment({ ...shared, ensureAuthority, ensureRequested }, ensureEnvironment);
  const trustFiles = createTrustFiles({ ...shared, home: deps.home, trustBundle: trust.trustBundle });
  const writeTrust = async (environment: string): Promise<void> => {
    // First what is not mended at a start.
    if (environment === 'system') await writeAuditRoots(deps.home, directory);
    await trustFiles.write(environment);
  };
  let stopping = false;
  const reporting = {
    ...shared,
    directory,
    external,
    crls,
    checkpoints,
    startedAt: clock.now(),
    stopping: () => stopping,
  };

  const readiness = createReadiness(reporting);
  const faces: WatchedFace[] = [];
  const expiryCounts = createExpiryCounts(shared);

  const alerting = createAlerting({ ...shared, crls, external });

  const administration = administrationLater({
    ...approving,
    ...{ crls, readiness, expiryCounts, faces, alerting, cursorsFor, requestServiceCertificate },
    forgetWindows: renewals.forgetAll,
    forgetProduct: known.products.forget,
    forgetProfiles: known.profiles.forget,
    tokenRemoved(id) {
      known.tokens.forget(id);
      news.announceTokenRemoval(id);
    },
  });
  const authorityActs = authorityActsLater({
    ...withIssuing,
    ...{ crls, external, ensureRequested },
    find: trust.authorityGeneration,
    campaigns: administration,
    writeTrust,
    trustChanged: (environment: string) =>
      writeTrust(environment).catch((error: unknown) =>
        deps.log.error({ err: error, environment }, 'the trust file of the home was not brought up to date'),
      ),
  });
  const goOnWithCompromises = createGoOnWithCompromises({
    ...shared,
    declareCompromise: authorityActs.declareCompromise,
  });
  const services: Services = {
    authenticateToken: createAuthenticateToken({ ...shared, findToken: known.tokens.find }),
    authenticateCollector: createAuthenticateCollector({ ...shared, findToken: known.tokens.find }),
    authenticateProduct: createAuthenticateProduct(shared),
    authenticateOperator: createAuthenticateOperator(shared),
    submitRequest: products.submit,
    rotateCertificate: createRotateCertificate({
      ...shared,
      directory,
      products,
      findProduct,
      findProfiles: known.profiles.find,
      forgetWindow: renewals.forget,
    }),
    readCertificate: createReadCertificate({ inventory, directory }),
    revokeCertificate: createRevokeCertificate({ ...shared, directory }),
    releaseCertificate: createReleaseCertificate({ ...shared, directory }),
    ...createDeploymentServices({ ...shared, directory }),
    collectRequest: createCollectRequest(approving),
    ...trust,
    ...administration,
    ...authorityActs,
    listExternalAuthorities: () => external.all(),
    externalAuthority: (name) => external.find(name),
    crl: async (authority) => {
      const elsewhere = await external.find(authority);
      return elsewhere ? external.crl(elsewhere) : crls.current(authority);
    },
    latestCrl: crls.latest,
    renewalInfo: renewals.find,
    readyRenewalInfo: renewals.ready,
    answerOcsp: createAnswerOcsp({ ...shared, directory, responders }),
    async createEnvironment(caller, input) {
      const view = await createEnvironment(caller, input);
      // Whom to trust is not known before the first import.
      if (input.hierarchy !== 'external') await writeTrust(input.name);
      return view;
    },
    listEnvironments: () => viewEnvironments(inventory),
    readEnvironment: (name) => readEnvironment(inventory, name),
    listAlerts: () => inventory.openAlerts(),
    latestCheckpoint: () => checkpoints.latest(),
    status: createStatus(reporting, readiness),
    readiness,
    recordRefusal: createRecordRefusal(shared),
    watchFace(face) {
      faces.push(face);
      measurements.mayRefuse(face.name, face.refusalCodes);
    },
    countAnswer: measurements.answered,
    countRefusal: measurements.refused,
    onRevoked: (listener) => news.onChange(({ serial, revoked }) => revoked && listener(serial)),
    onRoleChange: (listener) => news.onRoleChange(listener),
    onTokenRemoval: (listener) => news.onTokenRemoval(listener),
  };

  return {
    services,
    directory,
    clock,
    ensureFirstRun: () => ensureFirstRun({ ...withIssuing, ensureAuthority, ensureEnvironment, trustFiles }),
    serverCertificateIsDue: (certificate) => serverCertificateIsDue({ clock, directory }, certificate),
    issueServerCertificate: () => issueServerCertificate({ ...withIssuing, names: settings.serverNames }),
    recoverOperator: async (name) =>
      (await import('./operators/recover-operator.ts')).recoverOperator(withIssuing, name),
    clientAuthorities: () => clientAuthorities(directory, external),
    recoverUnfinished: () => recoverUnfinished(shared, Number.MAX_SAFE_INTEGER),
    stopAlerting: () => alerting.stop(),
    async housekeep() {
      void alerting.tend();
      await eachAlone([
        () => recoverUnfinished(shared, clock.now() - abandonedAfterMs),
        finishCompromises,
        goOnWithCompromises,
        () => crls.refreshDue(),
        () => responders.refreshDue(),
        supersedeStep,
        campaignRound,
        archiveStep,
        () => checkpoints.signDue(),
        () => catchUp(inventory, Math.floor(clock.now() / 1000)),
        tendRequests,
      ]);
    },
    signAuditLog: () => checkpoints.sign(),
    beginStop: () => {
      stopping = true;
      requestNews.stop();
    },
  };
}

/** One after the other; a step that fails keeps none of the others from being done. */
async function eachAlone(steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) await step().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** One that is compromised is asked for, too: callers are known by the inventory, and have to rotate what they hold. */
async function clientAuthorities(
  directory: AuthorityDirectory,
  external: ExternalDirectory,
): Promise<ClientAuthorities> {
  const pem = ({ certificateDer }: ActiveAuthority): string => encodePem('CERTIFICATE', certificateDer);
  const trusted = (await directory.generations()).filter(
    ({ generation: { phase } }) => phase === 'inForce' || phase === 'outgoing',
  );
  const system = trusted.filter(({ authority }) => authority.role === 'system');
  const products = trusted.filter(({ authority }) => authority.role !== 'system');
  const elsewhere = (await external.all()).map(({ external: { certificateDer } }) =>
    encodePem('CERTIFICATE', certificateDer),
  );
  return { system: system.map(pem).join(''), products: [...products.map(pem), ...elsewhere] };
}

/** Each step is short, and others come in between; what is left when there are many waits for the next round. */
async function catchUp(inventory: Inventory, now: number): Promise<void> {
  for (let step = 0; step < 100; step++) if (!(await inventory.catchUp(now))) return;
}
