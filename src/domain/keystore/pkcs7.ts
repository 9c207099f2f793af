/** PKCS#7 certs-only (RFC 5652 §5, RFC 8951): certificates in one SignedData that nobody signed, as Windows and Java import it. */
import asn1 from 'node-forge/lib/asn1.js';
import { oids } from '../x509/oids.ts';

const { Class, Type } = asn1;
const universal = (type: number, constructed: boolean, value: string | readonly Asn1[]): Asn1 =>
  asn1.create(Class.UNIVERSAL, type, constructed, value as string | Asn1[]);
const contextSpecific = (number: number, value: readonly Asn1[]): Asn1 =>
  asn1.create(Class.CONTEXT_SPECIFIC, number, true, value as Asn1[]);
const objectIdentifier = (dotted: string): Asn1 => universal(Type.OID, false, asn1.oidToDer(dotted).getBytes());

type Asn1 = ReturnType<typeof asn1.create>;

/**
 * The certificates in the order given, nearest first: RFC 5652 §5.1 asks only for BER here, and programs print and
 * install them in the order they find.
 */
export function encodeCertificatesOnly(certificatesDer: readonly Uint8Array[]): Uint8Array {
  const emptySet = (): Asn1 => universal(Type.SET, true, []);
  const signedData = universal(Type.SEQUENCE, true, [
    // Version 1: no attribute certificates, no signers (RFC 5652 §5.1).
    universal(Type.INTEGER, false, String.fromCharCode(1)),
    emptySet(), // digestAlgorithms
    universal(Type.SEQUENCE, true, [objectIdentifier(oids.pkcs7Data)]),
    contextSpecific(0, certificatesDer.map(certificateNode)),
    emptySet(), // signerInfos
  ]);
  const contentInfo = universal(Type.SEQUENCE, true, [
    objectIdentifier(oids.pkcs7SignedData),
    contextSpecific(0, [signedData]),
  ]);
  return Buffer.from(asn1.toDer(contentInfo).getBytes(), 'latin1');
}

/** Strict, and without a look into bit strings: what goes out are the certificate's own bytes. */
function certificateNode(der: Uint8Array): Asn1 {
  const bytes = Buffer.from(der).toString('latin1');
  const options = { strict: true, parseAllBytes: true, decodeBitStrings: false };
  const node = asn1.fromDer(bytes, options as unknown as Parameters<typeof asn1.fromDer>[1]);
  if (asn1.toDer(node).getBytes() !== bytes) throw new RangeError('a certificate that forge would change');
  return node;
}
