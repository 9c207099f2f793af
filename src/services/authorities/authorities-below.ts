/** Which authorities would lose their chain with one generation: those whose certificate it signed, and that are in use. */
import type { ActiveAuthority } from './authority-directory.ts';

export const authoritiesBelow = (
  all: readonly ActiveAuthority[],
  { authority: { name }, certificate: { serial } }: Pick<ActiveAuthority, 'authority' | 'certificate'>,
): readonly ActiveAuthority[] =>
  all.filter(
    ({ authority, generation, certificate }) =>
      authority.name !== name && generation.phase !== 'retired' && certificate.issuerSerial === serial,
  );
