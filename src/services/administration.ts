/** What operators ask for: the registry, requests, campaigns, operators, lists and figures. Loaded when it is first asked for. */

import { createListAuditEvents } from './audit/list-audit-events.ts';
import { createCampaignServices } from './campaigns/manage-campaigns.ts';
import { createListServices } from './inventory/list-certificates.ts';
import { createCollectMetrics } from './metrics/collect-metrics.ts';
import { createManageOperators } from './operators/manage-operators.ts';
import { createProductServices } from './registry/manage-products.ts';
import { createProfileServices } from './registry/manage-profiles.ts';
import { createTokenServices } from './registry/manage-tokens.ts';
import { createDecideRequest } from './requests/decide-request.ts';
import { createViewRequests } from './requests/view-request.ts';
import { createVaultServices } from './vaults/check-vault.ts';

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
