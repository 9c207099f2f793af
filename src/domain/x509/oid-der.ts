/** Every known object identifier as a DER TLV, encoded once, for builders on the hot path. */
import { oid } from '../der/writer.ts';
import { oids } from './oids.ts';

type OidName = keyof typeof oids;

export const oidDer = Object.fromEntries(
  Object.entries(oids).map(([name, dotted]) => [name, oid(dotted)]),
) as unknown as Readonly<Record<OidName, Uint8Array>>;
