/** Names for authorities whose keys are elsewhere, as their chain comes in. */
import { fingerprint } from '../../domain/policy/judge-chain.ts';
import type { ExternalAuthority } from '../../domain/records/external-authority.ts';
import type { ForeignCertificate } from '../../domain/x509/certificate.ts';
import type { Inventory } from '../../ports/inventory.ts';

/** Of all authorities, ours and others. */
export async function takenNames(inventory: Inventory): Promise<ReadonlySet<string>> {
  const all = [...(await inventory.authorities()), ...(await inventory.externalAuthorities())];
  return new Set(all.map(({ name }) => name));
}

interface Naming {
  readonly environment: string;
  readonly external: readonly ExternalAuthority[];
  readonly taken: ReadonlySet<string>;
  readonly at: number;
}

/** In the order of the chain: those that are known under their names, the others under new ones. */
export function nameExternal(above: readonly ForeignCertificate[], naming: Naming): readonly ExternalAuthority[] {
  const taken = new Set(naming.taken);
  const fresh = (role: 'root' | 'intermediate'): string => {
    const stem = `${naming.environment}-external-${role}`;
    let name = stem;
    for (let number = 2; taken.has(name); number++) name = `${stem}-${number}`;
    taken.add(name);
    return name;
  };
  const named: ExternalAuthority[] = [];
  for (const certificate of above.toReversed()) {
    const sha256 = fingerprint(certificate.der);
    const known = naming.external.find((each) => each.sha256 === sha256);
    const name = known?.name ?? fresh(named.length === 0 ? 'root' : 'intermediate');
    const parent = named[0]?.name ?? name;
    const made = { name, environment: naming.environment, parent, sha256, certificateDer: certificate.der };
    named.unshift(known ?? { ...made, importedAt: naming.at });
  }
  return named;
}
