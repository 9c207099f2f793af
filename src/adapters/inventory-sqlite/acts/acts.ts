/** The writing half of the inventory port as acts: what crosses to the writer thread, and what runs there. */
import type { Inventory } from '../../../ports/inventory.ts';

/** Every method of the port that writes; each is one act, done whole or not at all. */
export const actNames = [
  'recordIntent',
  'recordIssued',
  'closeIntent',
  'recordRequest',
  'approveRequest',
  'denyRequest',
  'expireRequest',
  'revokeCertificate',
  'revokeSharers',
  'quarantineCertificate',
  'releaseCertificate',
  'recordDeployment',
  'recordAlerts',
  'settleDelivery',
  'postponeDeliveries',
  'supersedeCertificate',
  'createCampaign',
  'recordMembers',
  'changeCampaign',
  'revokeMember',
  'expireMembers',
  'endCampaign',
  'recordCrl',
  'recordRestoration',
  'archiveCertificates',
  'createEnvironment',
  'createAuthority',
  'activateAuthority',
  'startRotation',
  'changeRotation',
  'markGeneration',
  'certifyGeneration',
  'recordAuthorityRequest',
  'recordImport',
  'createProfile',
  'changeProfile',
  'createProduct',
  'changeProduct',
  'removeProduct',
  'createToken',
  'removeToken',
  'createOperator',
  'setOperatorRole',
  'removeOperator',
  'appendAudit',
  'addAuditKey',
  'recordCheckpoint',
  'setSetting',
  'check',
  'catchUp',
] as const satisfies readonly (keyof Inventory)[];

export type ActName = (typeof actNames)[number];

/**
 * The acts as the writer thread runs them, inside a transaction it does not begin or end. An act decides every expected
 * outcome, CaError `conflict` and `notFound` included, before its first write: others share its transaction.
 */
export type Acts = {
  readonly [Name in ActName]: (...args: Parameters<Inventory[Name]>) => Awaited<ReturnType<Inventory[Name]>>;
};

/** One call, as plain values. */
export type Act = { [Name in ActName]: readonly [name: Name, args: Parameters<Inventory[Name]>] }[ActName];
