/** The delegated OCSP responders (RFC 6960 §4.2.2.2): a session key and a short certificate for each generation of an authority. */

import { CaError } from '../../domain/errors.ts';
import { recipes } from '../../domain/policy/service-profiles.ts';
import type { AuthorityGeneration } from '../../domain/records/generation.ts';
import { parseCertificate } from '../../domain/x509/certificate.ts';
import { defaultSignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { KeyPairs } from '../../ports/key-pairs.ts';
import type { Log } from '../../ports/log.ts';
import type { Signer, Vault } from '../../ports/vault.ts';
import type { ActiveAuthority, AuthorityDirectory } from '../authorities/authority-directory.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { IssueServiceCertificate } from '../issuing/issue-service-certificate.ts';
import { vaultNamed } from '../vaults/named-vault.ts';
import { verifiedSigner } from '../vaults/verified-signer.ts';

export interface OcspResponder {
  readonly signer: Signer;
  readonly certificateDer: Uint8Array;
  /** SubjectPublicKeyInfo, from which the encoder makes the ResponderID. */
  readonly publicKeyDer: Uint8Array;
  /** Unix seconds: from when on it is to be replaced ahead of need, and its end. */
  readonly renewAt: number;
  readonly notAfter: number;
}

export interface OcspRespondersDeps {
  readonly inventory: Pick<Inventory, 'certificate' | 'certificateDer'>;
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly directory: AuthorityDirectory;
  readonly keyPairs: KeyPairs;
  readonly issueServiceCertificate: IssueServiceCertificate;
  readonly clock: GuardedClock;
  readonly log: Log;
}

export interface OcspResponders {
  /** A responder of a generation of an authority, by its id: the one in use while its certificate is good. */
  get(generation: string): Promise<OcspResponder>;
  /** Replaces those past half of their life ahead of need; failures are logged and tried again. */
  refreshDue(): Promise<void>;
}

/** Each try that fails may leave a closed intent: ahead of need there is time, and nobody is kept waiting. */
const betweenRenewalsMs = 600_000;
/** While there is none to answer with, however many ask. */
const betweenTriesMs = 2_000;

/** What is known of the responder of one generation. */
interface Slot {
  current: OcspResponder | undefined;
  making: Promise<OcspResponder> | undefined;
  /** Monotonic milliseconds of the last try, and why it failed if it did. */
  triedAt: number;
  failure: unknown;
}

export function createOcspResponders(deps: OcspRespondersDeps): OcspResponders {
  const slots = new Map<string, Slot>();
  const slotOf = (generation: string): Slot => {
    const known = slots.get(generation);
    if (known) return known;
    const slot: Slot = { current: undefined, making: undefined, triedAt: Number.NEGATIVE_INFINITY, failure: undefined };
    slots.set(generation, slot);
    return slot;
  };
  const makeInto = async (slot: Slot, generation: string): Promise<OcspResponder> => {
    slot.triedAt = deps.clock.monotonic();
    slot.failure = undefined;
    try {
      slot.current = await makeResponder(deps, generation);
      return slot.current;
    } catch (error) {
      slot.failure = error;
      throw error;
    } finally {
      slot.making = undefined;
    }
  };
  /** One at a time, whoever asks. */
  const make = (slot: Slot, generation: string): Promise<OcspResponder> => {
    slot.making ??= makeInto(slot, generation);
    return slot.making;
  };
  const sinceTry = ({ triedAt }: Slot): number => deps.clock.monotonic() - triedAt;
  const isBefore = (seconds: number): boolean => deps.clock.now() / 1000 < seconds;
  return {
    async get(generation) {
      const slot = slotOf(generation);
      if (slot.current && isBefore(slot.current.notAfter)) return slot.current;
      if (slot.failure !== undefined && sinceTry(slot) < betweenTriesMs) throw slot.failure;
      return make(slot, generation);
    },
    async refreshDue() {
      for (const [generation, slot] of slots) {
        if (!slot.current || isBefore(slot.current.renewAt) || sinceTry(slot) < betweenRenewalsMs) continue;
        await make(slot, generation).catch((error: unknown) =>
          deps.log.warn({ err: error, authority: generation }, 'an OCSP responder could not be replaced; trying again'),
        );
      }
    },
  };
}

async function makeResponder(deps: OcspRespondersDeps, generation: string): Promise<OcspResponder> {
  const issuer = await deps.directory.generation(generation);
  if (issuer.generation.responder) return lastResponder(deps, issuer, issuer.generation.responder);
  const signer = await deps.keyPairs.session(`${generation}-ocsp`, 'ec-p256');
  const { record, der } = await deps.issueServiceCertificate({
    recipe: recipes.ocspResponder,
    issuer,
    owner: issuer.authority.name,
    publicKeyDer: signer.key.publicKeyDer,
    commonName: `${generation} OCSP responder`,
    names: [],
  });
  const { notBefore, notAfter } = record;
  const renewAt = notBefore + (notAfter - notBefore) / 2;
  return { signer, certificateDer: der, publicKeyDer: signer.key.publicKeyDer, renewAt, notAfter };
}

/** The one that was made while the generation still had its key. */
async function lastResponder(
  { inventory, vaults }: OcspRespondersDeps,
  { authority }: ActiveAuthority,
  { vault, vaultKey, certificateSerial }: NonNullable<AuthorityGeneration['responder']>,
): Promise<OcspResponder> {
  const record = await inventory.certificate(certificateSerial);
  const certificateDer = await inventory.certificateDer(certificateSerial);
  if (!record || !certificateDer)
    throw new CaError('signerUnavailable', `The last OCSP responder of ${authority.name} cannot be used now.`);
  const opened = await vaultNamed(vaults, vault).signer(vaultKey, defaultSignatureAlgorithm('ec-p256'));
  const { spkiDer: publicKeyDer } = parseCertificate(certificateDer);
  const signer = verifiedSigner(opened, publicKeyDer);
  // There will be no other.
  return { signer, certificateDer, publicKeyDer, renewAt: Number.POSITIVE_INFINITY, notAfter: record.notAfter };
}
