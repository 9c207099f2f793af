/** Authorities whose keys are in no vault of ours: a corporate root, an offline laptop's, and what is between it and us. */

export interface ExternalAuthority {
  /** `corp-external-root`, `corp-external-intermediate`; names its list and its addresses. */
  readonly name: string;
  readonly environment: string;
  /** Name of the external authority that signs it; its own for a root. */
  readonly parent: string;
  /** Hex SHA-256 of its certificate. */
  readonly sha256: string;
  readonly certificateDer: Uint8Array;
  /** Unix milliseconds. */
  readonly importedAt: number;
}

/** The parent of an authority of ours whose CSR nobody has signed yet; no authority may be called so. */
export const externalParent = 'external';

/** The root above one of them, itself for a root; undefined for a name that is none of them. */
export function rootAbove(all: readonly ExternalAuthority[], name: string): ExternalAuthority | undefined {
  const found = all.find((one) => one.name === name);
  return found === undefined || found.parent === name ? found : rootAbove(all, found.parent);
}
