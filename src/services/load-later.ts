/** Services whose code is loaded when one of them is first asked for: an idle service holds 2 MB less of what only operators use. */
import type { Administration, AdministrationDeps } from './administration.ts';
import type { AuthorityActs, AuthorityActsDeps } from './authorities/authority-acts.ts';

/** A table, so that a method that is missing from it does not compile. */
type MethodNames<Group> = Readonly<Record<keyof Group, 'later'>>;

type Method = (...given: readonly unknown[]) => Promise<unknown>;

/** The methods of what `load` gives, all asynchronous. The first call of one loads them all, as does the next after a load that failed. */
export function loadLater<Group extends object>(names: MethodNames<Group>, load: () => Promise<Group>): Group {
  let loading: Promise<Group> | undefined;
  const loaded = (): Promise<Group> => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
  const callLater =
    (name: string): Method =>
    async (...given) =>
      ((await loaded()) as Record<string, Method>)[name]!(...given);
  return Object.fromEntries(Object.keys(names).map((name) => [name, callLater(name)])) as Group;
}

export const administrationLater = (deps: AdministrationDeps): Administration =>
  loadLater(administration, async () => (await import('./administration.ts')).createAdministration(deps));

export const authorityActsLater = (deps: AuthorityActsDeps): AuthorityActs =>
  loadLater(authorityActs, async () => (await import('./authorities/authority-acts.ts')).createAuthorityActs(deps));

const administration: MethodNames<Administration> = {
  listVaults: 'later',
  checkVault: 'later',
  listRequests: 'later',
  readRequest: 'later',
  approveRequest: 'later',
  denyRequest: 'later',
  listCertificates: 'later',
  exportCertificates: 'later',
  countExpiring: 'later',
  summarizeInventory: 'later',
  planCampaign: 'later',
  startCampaign: 'later',
  listCampaigns: 'later',
  readCampaign: 'later',
  listCampaignMembers: 'later',
  pauseCampaign: 'later',
  resumeCampaign: 'later',
  abandonCampaign: 'later',
  addOperator: 'later',
  listOperators: 'later',
  readOperator: 'later',
  changeOperatorRole: 'later',
  removeOperator: 'later',
  issueOperatorCertificate: 'later',
  createProduct: 'later',
  changeProduct: 'later',
  removeProduct: 'later',
  readProduct: 'later',
  listProducts: 'later',
  createProfile: 'later',
  changeProfile: 'later',
  readProfile: 'later',
  listProfiles: 'later',
  createToken: 'later',
  removeToken: 'later',
  listTokens: 'later',
  listAuditEvents: 'later',
  collectMetrics: 'later',
};

const authorityActs: MethodNames<AuthorityActs> = {
  describeAuthority: 'later',
  requestAuthority: 'later',
  importAuthority: 'later',
  importCrl: 'later',
  planRotation: 'later',
  startRotation: 'later',
  readRotation: 'later',
  advanceRotation: 'later',
  abandonRotation: 'later',
  planCompromise: 'later',
  declareCompromise: 'later',
};
