/** The CSR of a generation of an authority that is signed elsewhere: signed once with its key, so that it can be fetched again. */
import { CaError } from '../../domain/errors.ts';
import type { Authority } from '../../domain/records/environment.ts';
import { generationId } from '../../domain/records/generation.ts';
import { encodeAuthorityCsrInfo } from '../../domain/x509/authority-csr.ts';
import { decodeName, formatName } from '../../domain/x509/name.ts';
import { assembleSigned } from '../../domain/x509/signed.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { AuthorityDirectory } from './authority-directory.ts';

export interface GenerationRequestDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
  readonly clock: GuardedClock;
}

export interface GenerationRequestOrder {
  /** With the key and the number of the generation. */
  readonly authority: Authority;
  readonly subjectDer: Uint8Array;
  readonly actor: string;
}

/** It signs products' certificates, and no authority. */
const pathLen = 0;

/** Resolves to true when the CSR is new; one that is there is left as it is. */
export async function ensureGenerationRequest(
  deps: GenerationRequestDeps,
  { authority, subjectDer, actor }: GenerationRequestOrder,
): Promise<boolean> {
  const { name, generation } = authority;
  if (await deps.inventory.authorityRequest(name, generation)) return false;
  const signer = await deps.directory.openSigner(authority);
  const tbs = encodeAuthorityCsrInfo({ subjectDer, spkiDer: signer.key.publicKeyDer, pathLen });
  const csrDer = assembleSigned(tbs, signer.algorithm, await signer.sign(tbs));
  const createdAt = deps.clock.now();
  await deps.inventory.recordAuthorityRequest(
    { authority: name, generation, csrDer, createdAt },
    {
      at: createdAt,
      kind: 'authority.requested',
      actor,
      object: `authority:${name}`,
      details: {
        generation: generationId({ authority: name, number: generation }),
        subject: formatName(decodeName(subjectDer)),
      },
    },
  );
  return true;
}

/** Whether what signs an authority is elsewhere: it is asked by a CSR, from its first generation on. */
export const isSignedElsewhere = async (
  inventory: Pick<Inventory, 'authorityRequest'>,
  name: string,
): Promise<boolean> => (await inventory.authorityRequest(name, 1)) !== undefined;

/** One whose own key is elsewhere is replaced there: nothing of it can be done here. */
export async function refuseKeptElsewhere(
  inventory: Pick<Inventory, 'externalAuthorities'>,
  name: string,
): Promise<void> {
  if (!(await inventory.externalAuthorities()).some((external) => external.name === name)) return;
  throw new CaError(
    'conflict',
    `The key of ${name} is not here: it is replaced where it is, and what it signed for us is imported.`,
  );
}
