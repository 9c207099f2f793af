/** Which authorities would lose their chain with one generation: those whose certificate it signed. */
import type { ActiveAuthority } from './authority-directory.ts';

type Signer = Pick<ActiveAuthority, 'authority' | 'certificate'>;

/** Of them those that are in use. */
export const authoritiesBelow = (all: readonly ActiveAuthority[], signer: Signer): readonly ActiveAuthority[] =>
  signedBy(all, signer).filter(({ generation }) => generation.phase !== 'retired');

/** Of them those that are not, and that somebody may still believe. */
export const retiredBelow = (all: readonly ActiveAuthority[], signer: Signer): readonly ActiveAuthority[] =>
  signedBy(all, signer).filter(({ generation }) => generation.phase === 'retired' && !generation.isCompromised);

const signedBy = (all: readonly ActiveAuthority[], { authority: { name }, certificate: { serial } }: Signer) =>
  all.filter(({ authority, certificate }) => authority.name !== name && certificate.issuerSerial === serial);
