/** Where a proof looks, as people and the service are told, and what it asks for there. */
import type { TargetProof } from '../../domain/rotation/target-status.ts';
import type { Proof } from './proof-schema.ts';

/** An IPv6 address in brackets. */
export const endpointOf = ({ host, port }: Pick<Proof, 'host' | 'port'>): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

type Asked = Pick<TargetProof, 'endpoint' | 'serverName' | 'client'>;

/** What a proof of the agent's file asks for, with its defaults. */
export const askedBy = ({ host, port, serverName = host, client = 'none' }: Proof): Required<Asked> => ({
  endpoint: endpointOf({ host, port }),
  serverName,
  client,
});

/** A handshake speaks for the proof that asked for it: another name, or a certificate shown to the server, may show otherwise. */
export function isOfProof(known: Asked, proof: Proof): boolean {
  const asked = askedBy(proof);
  return Object.entries(asked).every(([key, value]) => known[key as keyof Asked] === value);
}
