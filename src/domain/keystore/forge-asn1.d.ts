/** node-forge's ASN.1 codec without the rest of the library, which @types/node-forge describes only as a whole. */
declare module 'node-forge/lib/asn1.js' {
  import type forge from 'node-forge';

  const asn1: typeof forge.asn1;
  export default asn1;
}
