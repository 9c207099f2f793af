/** The object identifiers of the purposes that profiles give by name (RFC 5280 §4.2.1.12). */
import { oids } from '../x509/oids.ts';
import type { ExtendedKeyUsage } from './profile.ts';

export const purposeOids: Readonly<Record<ExtendedKeyUsage, string>> = {
  serverAuth: oids.serverAuth,
  clientAuth: oids.clientAuth,
  OCSPSigning: oids.ocspSigning,
  documentSigning: oids.documentSigning,
};
