/** What operators ask for: the registry, requests, campaigns, operators, lists and figures. Loaded when it is first asked for. */
import { createVaultServices } from './check-vault.ts';
import { createCollectMetrics } from './collect-metrics.ts';
import { createDecideRequest } from './decide-request.ts';
import { createListAuditEvents } from './list-audit-events.ts';
import { createListServices } from './list-certificates.ts';
import { createCampaignServices } from './manage-campaigns.ts';
import { createManageOperators } from './manage-operators.ts';
import { createProductServices } from './manage-products.ts';
import { createProfileServices } from './manage-profiles.ts';
import { createTokenServices } from './manage-tokens.ts';
import { createViewRequests } from './view-request.ts';

/** What each of these needs, in one value. */
export type AdministrationDeps = Parameters<typeof createVaultServices>[0] &
  Parameters<typeof createCollectMetrics>[0] &
  Parameters<typeof createDecideRequest>[0] &
  Parameters<typeof createListAuditEvents>[0] &
  Parameters<typeof createListServices>[0] &
  Parameters<typeof createCampaignServices>[0] &
  Parameters<typeof createManageOperators>[0] &
  Parameters<typeof createProductServices>[0] &
  Parameters<typeof createProfileServices>[0] &
  Parameters<typeof createTokenServices>[0];

export type Administration = ReturnType<typeof createAdministration>;

export const createAdministration = (deps: AdministrationDeps) => ({
  ...createVaultServices(deps),
  ...createViewRequests(deps),
  ...createDecideRequest(deps),
  ...createListServices(deps),
  ...createCampaignServices(deps),
  ...createManageOperators(deps),
  ...createProductServices(deps),
  ...createProfileServices(deps),
  ...createTokenServices(deps),
  listAuditEvents: createListAuditEvents(deps),
  collectMetrics: createCollectMetrics(deps),
});
