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
    if (!(error instanceof CaError) || !isPassing(vault, facts.key.name, error)) throw error;
    return later(vault, facts, { open, failure: error });
  }
}

/** Of the vault, not of the key: it is gone when the vault, or its policy, is well again. */
const isPassing = (vault: Vault, key: string, { code }: CaError): boolean =>
  code === 'overloaded' || (code === 'signerUnavailable' && vault.problem?.(key) !== undefined);

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
    refusal: () => (opened ? opened.refusal?.() : vault.problem?.(facts.key.name) === undefined ? undefined : failure),
  };
}
