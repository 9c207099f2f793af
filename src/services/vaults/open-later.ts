/** A signer for a key whose vault was away when its authority was read: everything but signing goes on meanwhile. */
import { CaError } from '../../domain/errors.ts';
import type { Signer, Vault } from '../../ports/vault.ts';

/**
 * What `open` gives; where it fails because the vault is away, and the vault itself says that it is, a signer that opens at
 * its first signature after that. `facts` are those of the authority's certificate.
 */
export async function openNowOrLater(
  vault: Vault,
  facts: Pick<Signer, 'key' | 'algorithm'>,
  open: () => Promise<Signer>,
): Promise<Signer> {
  try {
    return await open();
  } catch (error) {
    const isAway = error instanceof CaError && error.code === 'signerUnavailable' && vault.problem?.() !== undefined;
    if (!isAway) throw error;
    return later(vault, facts, { open, failure: error });
  }
}

function later(
  vault: Vault,
  facts: Pick<Signer, 'key' | 'algorithm'>,
  { open, failure }: { readonly open: () => Promise<Signer>; readonly failure: CaError },
): Signer {
  let opened: Signer | undefined;
  let opening: Promise<Signer> | undefined;
  const openOnce = (): Promise<Signer> => {
    opening ??= open()
      .then((signer) => {
        opened = signer;
        return signer;
      })
      .finally(() => {
        opening = undefined;
      });
    return opening;
  };
  return {
    ...facts,
    verified: true,
    sign: async (tbs) => (opened ?? (await openOnce())).sign(tbs),
    refusal: () => (opened ? opened.refusal?.() : vault.problem?.() === undefined ? undefined : failure),
  };
}
