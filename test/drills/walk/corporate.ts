/** Roots that are elsewhere, and what their owners do for `corp-issuing`: they sign its CSRs, and publish lists. */
import { type CorporateCa, makeCorporateCa, makeCrl, pemOf } from '../../support/external-chain.ts';
import { admin } from '../../support/service-builder.ts';
import type { World } from './world.ts';

const name = 'corp-issuing';

export const makeCorporations = (now: number): readonly CorporateCa[] => [makeCorporateCa(now), makeCorporateCa(now)];

/** The newest CSR, signed by one of them; a rotation that was cut short has none yet. */
export async function importChain(world: World, { intermediate, root, sign }: CorporateCa): Promise<void> {
  const detail = await world.services().describeAuthority(name);
  if (detail.kind !== 'own' || !detail.csrDer) return;
  const chainPem = pemOf(sign(detail.csrDer), intermediate);
  await world.services().importAuthority(admin, name, { chainPem, rootPem: root.pem });
}

/** A list of one of those that were imported; nothing where there is none. */
export async function importList(world: World): Promise<void> {
  const known = world.chance.oneOf(await world.services().listExternalAuthorities());
  if (!known) return;
  const issuers = world.corporations.flatMap(({ root, intermediate }) => [root, intermediate]);
  const issuer = issuers.find(({ der }) => Buffer.compare(der, known.external.certificateDer) === 0)!;
  await world.services().importCrl(admin, known.external.name, makeCrl(issuer, { thisUpdate: world.now() }));
}
