/** The key that signs checkpoints of the audit log: one of its own in the vault of `system`, certified by it for this alone. */
import { checkpointAlgorithm } from '../../domain/audit/checkpoint.ts';
import { CaError } from '../../domain/errors.ts';
import { recipes } from '../../domain/policy/service-profiles.ts';
import { parseCertificate } from '../../domain/x509/certificate.ts';
import { publicKeySha256 } from '../../domain/x509/public-key.ts';
import { signatureAlgorithms } from '../../domain/x509/signature-algorithm.ts';
import type { AuditKey, Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { Vault } from '../../ports/vault.ts';
import type { ActiveAuthority, AuthorityDirectory } from '../authorities/authority-directory.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { IssueServiceCertificate } from '../issuing/issue-service-certificate.ts';
import { createFreshKey } from '../vaults/fresh-key.ts';
import { vaultNamed } from '../vaults/named-vault.ts';
import { verifiedSigner } from '../vaults/verified-signer.ts';

export interface AuditKeysDeps {
  readonly inventory: Inventory;
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly directory: AuthorityDirectory;
  readonly clock: GuardedClock;
  readonly randomness: Randomness;
  readonly issueServiceCertificate: IssueServiceCertificate;
  readonly log: Log;
}

export interface AuditSigner {
  readonly certificateSerial: string;
  readonly certificateDer: Uint8Array;
  sign(text: string): Promise<Uint8Array>;
}

/** The key in force; made at first use, and anew when two thirds of its certificate's life have passed or it was revoked. */
export type AuditKeys = () => Promise<AuditSigner>;

/** How long a failure to make one stands, where nothing tells when its cause has ended: each try may leave a closed intent. */
const betweenTriesMs = 30_000;

interface Failure {
  readonly error: unknown;
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly issuer: string;
  /** The vault was away then, or at a later look. */
  wasAway: boolean;
}

export function createAuditKeys(deps: AuditKeysDeps): AuditKeys {
  let failed: Failure | undefined;
  const stands = (system: ActiveAuthority): boolean => {
    // What one generation could not certify, perhaps because it was given up meanwhile, the next one may.
    if (failed?.issuer !== system.id) return false;
    const isAway = isVaultAway(deps, system);
    // A vault looks by itself whether it is back.
    if (failed.wasAway && !isAway) return false;
    failed.wasAway ||= isAway;
    return deps.clock.monotonic() - failed.at < betweenTriesMs;
  };
  const makeNow = async (): Promise<AuditKey> => {
    const system = await deps.directory.get('system');
    if (failed && stands(system)) throw failed.error;
    failed = undefined;
    return make(deps, system).catch((error: unknown) => {
      failed = { error, at: deps.clock.monotonic(), issuer: system.id, wasAway: isVaultAway(deps, system) };
      throw error;
    });
  };
  return async () => {
    const current = await deps.inventory.auditKey();
    const held = current && (await open(deps, current));
    if (held && !(await isDue(deps, current))) return held;
    try {
      const made = await makeNow();
      return (await open(deps, made)) ?? lost(made);
    } catch (error) {
      // While `system` cannot certify, the old key serves; a revoked one does not.
      if (!held || !(await isUsable(deps, current))) throw error;
      deps.log.warn({ err: error }, 'the audit key could not be replaced; trying again');
      return held;
    }
  };
}

const isVaultAway = ({ vaults }: AuditKeysDeps, { authority }: ActiveAuthority): boolean =>
  vaults.get(authority.vault)?.problem?.(authority.vaultKey) !== undefined;

async function isDue({ inventory, clock, directory }: AuditKeysDeps, key: AuditKey): Promise<boolean> {
  const record = await inventory.certificate(key.certificateSerial);
  // Nor does it outlive the generation of `system` that certified it.
  if (record?.state !== 'issued' || (await directory.issuerOf(record)).generation.phase !== 'inForce') return true;
  return clock.now() / 1000 > record.notBefore + ((record.notAfter - record.notBefore) * 2) / 3;
}

async function isUsable({ inventory, clock }: AuditKeysDeps, key: AuditKey): Promise<boolean> {
  const record = await inventory.certificate(key.certificateSerial);
  return record?.state === 'issued' && clock.now() / 1000 < record.notAfter;
}

/** Undefined when the vault does not hold the key any more: another one will do as well. */
async function open({ vaults }: AuditKeysDeps, key: AuditKey): Promise<AuditSigner | undefined> {
  try {
    const signer = await vaultNamed(vaults, key.vault).signer(key.vaultKey, signatureAlgorithms[checkpointAlgorithm]);
    const verified = verifiedSigner(signer, parseCertificate(key.certificateDer).spkiDer);
    return { ...key, sign: (text) => verified.sign(Buffer.from(text)) };
  } catch (error) {
    if (error instanceof CaError && error.code === 'notFound') return undefined;
    throw error;
  }
}

const lost = ({ vaultKey }: AuditKey): never => {
  throw new CaError('signerUnavailable', `The vault lost the key ${vaultKey} as soon as it was made.`);
};

/** The key first, its row last: whatever a crash leaves in between is never used. */
async function make(deps: AuditKeysDeps, system: ActiveAuthority): Promise<AuditKey> {
  const { vault } = system.authority;
  const made = await createFreshKey(deps, { vault, purpose: 'audit', keyType: 'ec-p256' });
  const { record, der } = await deps
    .issueServiceCertificate({
      recipe: recipes.auditCheckpoint,
      issuer: system,
      owner: 'auditLog',
      publicKeyDer: made.publicKeyDer,
      commonName: 'Privyseal audit log',
      names: [],
    })
    .catch(async (error: unknown) => {
      // Of no use to anybody; a vault that keeps it all the same has one key too many.
      await vaultNamed(deps.vaults, vault)
        .destroyKey(made.name)
        .catch(() => undefined);
      throw error;
    });
  const key: AuditKey = { vault, vaultKey: made.name, certificateSerial: record.serial, certificateDer: der };
  await deps.inventory.addAuditKey(key, {
    at: deps.clock.now(),
    kind: 'auditKey.activated',
    actor: 'service',
    object: `certificate:${record.serial}`,
    details: { vault, keySha256: publicKeySha256(made.publicKeyDer) },
  });
  return key;
}
