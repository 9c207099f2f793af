/** What every adapter of the inventory port must do; an adapter's own test calls `inventoryContract` with a way to open one. */
import { describe } from 'vitest';
import type { Inventory } from '../../src/ports/inventory.ts';
import { alertContract } from './inventory/alerts.ts';
import { archiveContract } from './inventory/archive.ts';
import { auditContract } from './inventory/audit.ts';
import { bystanderContract } from './inventory/bystanders.ts';
import { campaignContract } from './inventory/campaigns.ts';
import { deploymentContract } from './inventory/deployments.ts';
import { externalContract } from './inventory/external.ts';
import { generationsContract } from './inventory/generations.ts';
import { issuanceContract } from './inventory/issuance.ts';
import { lineageContract } from './inventory/lineage.ts';
import { operatorContract } from './inventory/operators.ts';
import { productContract } from './inventory/products.ts';
import { profileContract } from './inventory/profiles.ts';
import { questionsContract } from './inventory/questions.ts';
import { quotaContract } from './inventory/quotas.ts';
import { registryContract } from './inventory/registry.ts';
import { requestContract } from './inventory/requests.ts';
import { revocationContract } from './inventory/revocation.ts';
import { searchContract } from './inventory/search.ts';
import { storeContract } from './inventory/store.ts';

/** A store whose content outlives the inventories opened on it. */
export interface InventoryStore {
  /** Opens an inventory on this store; one at a time. */
  open(): Promise<Inventory>;
  /** Closes what is still open and removes the store. */
  remove(): Promise<void>;
}

export function inventoryContract(name: string, makeStore: () => Promise<InventoryStore>): void {
  describe(`${name} keeps the contract of the inventory`, () => {
    issuanceContract(makeStore);
    revocationContract(makeStore);
    bystanderContract(makeStore);
    deploymentContract(makeStore);
    alertContract(makeStore);
    lineageContract(makeStore);
    campaignContract(makeStore);
    archiveContract(makeStore);
    registryContract(makeStore);
    generationsContract(makeStore);
    externalContract(makeStore);
    quotaContract(makeStore);
    profileContract(makeStore);
    productContract(makeStore);
    operatorContract(makeStore);
    requestContract(makeStore);
    auditContract(makeStore);
    searchContract(makeStore);
    questionsContract(makeStore);
    storeContract(makeStore);
  });
}
