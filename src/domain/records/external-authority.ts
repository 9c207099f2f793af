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

/** An authority with this name and those above it, up to the root; none for a name that is none of them. */
export function upFrom(all: readonly ExternalAuthority[], name: string): readonly ExternalAuthority[] {
  const found = all.find((one) => one.name === name);
  if (found === undefined) return [];
  return found.parent === name ? [found] : [found, ...upFrom(all, found.parent)];
}

/** The root above one of them, itself for a root; undefined for a name that is none of them. */
export function rootAbove(all: readonly ExternalAuthority[], name: string): ExternalAuthority | undefined {
  return upFrom(all, name).at(-1);
}
