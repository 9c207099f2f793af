/** Whose client certificates each HTTPS face asks for in its handshakes: the names by which curl and Java choose one. */
import { encodePem } from '../../domain/der/pem.ts';
import type { ActiveAuthority, AuthorityDirectory } from './authority-directory.ts';
import type { ExternalDirectory } from './external-authorities.ts';

/** PEM. */
export interface ClientAuthorities {
  readonly system: string;
  readonly products: readonly string[];
}

/** A compromised authority is among them, too: callers are known by the inventory, and have to rotate what they hold. */
export async function clientAuthorities(
  directory: Pick<AuthorityDirectory, 'generations'>,
  external: Pick<ExternalDirectory, 'all'>,
): Promise<ClientAuthorities> {
  const pem = ({ certificateDer }: ActiveAuthority): string => encodePem('CERTIFICATE', certificateDer);
  const trusted = (await directory.generations()).filter(
    ({ generation: { phase } }) => phase === 'inForce' || phase === 'outgoing',
  );
  const system = trusted.filter(({ authority }) => authority.role === 'system');
  const products = trusted.filter(({ authority }) => authority.role !== 'system');
  const elsewhere = (await external.all()).map(({ external: { certificateDer } }) =>
    encodePem('CERTIFICATE', certificateDer),
  );
  return { system: system.map(pem).join(''), products: [...products.map(pem), ...elsewhere] };
}
