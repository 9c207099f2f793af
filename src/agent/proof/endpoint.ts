/** Where a proof looks, as people and the service are told. */
import type { Proof } from './proof-schema.ts';

/** An IPv6 address in brackets. */
export const endpointOf = ({ host, port }: Pick<Proof, 'host' | 'port'>): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
