/**
 * PKCS#12 (RFC 7292) as Java, Kafka and OpenSSL 3 read it: PBES2 with AES-256-CBC and PBKDF2 (RFC 8018), MAC with HMAC-SHA-256.
 * Certificates stand in clear: they are public, and a store of roots alone then opens without decrypting anything.
 */
import { createCipheriv, pbkdf2Sync } from 'node:crypto';
import { tag } from '../der/tag.ts';
import { explicit, nullValue, octetString, sequence, setOf, smallInteger, tlv } from '../der/writer.ts';
import { oidDer } from '../x509/oid-der.ts';
import { pkcs12Mac } from './pkcs12-kdf.ts';

/** What makes two stores of the same content differ; from a CSPRNG for a private key. */
export interface StoreSecrets {
  /** Printable ASCII: Java and OpenSSL spell anything else differently. */
  readonly password: string;
  readonly macSalt: Uint8Array;
}

export interface KeyStoreInput extends StoreSecrets {
  /** PKCS#8, DER, unencrypted. */
  readonly privateKeyDer: Uint8Array;
  /** The key's own certificate first, then its issuers. */
  readonly chainDer: readonly [Uint8Array, ...Uint8Array[]];
  readonly alias: string;
  readonly keySalt: Uint8Array;
  /** 16 octets. */
  readonly keyIv: Uint8Array;
}

export interface TrustedCertificate {
  readonly alias: string;
  readonly der: Uint8Array;
}

/** As Java's keytool: more than OpenSSL's 2,048, and a few milliseconds. */
const iterations = 10_000;

/** Six characters are what Java's keytool asks for at least. */
export const isStorePassword = (text: string): boolean => /^[\x20-\x7e]{6,128}$/.test(text);

/** A private key with its certificate chain. RangeError for a password that programs would spell differently or refuse. */
export function encodeKeyStore(input: KeyStoreInput): Uint8Array {
  const { privateKeyDer, chainDer, alias, password, keySalt, keyIv } = input;
  const [own, ...issuers] = chainDer;
  const names = [friendlyName(alias), attribute(oidDer.localKeyId, octetString(localKeyId))];
  const key = bag(oidDer.pkcs8ShroudedKeyBag, encryptedPrivateKey(privateKeyDer, { password, keySalt, keyIv }), names);
  const certificates = [certificateBag(own, names), ...issuers.map((der) => certificateBag(der, []))];
  return pfx([[key], certificates], input);
}

/** Certificates to trust, which Java lists as trustedCertEntry by their aliases. */
export function encodeTrustStore(trusted: readonly TrustedCertificate[], secrets: StoreSecrets): Uint8Array {
  const bags = trusted.map(({ alias, der }) => certificateBag(der, [friendlyName(alias), trustedForAnything]));
  return pfx([bags], secrets);
}

/** PFX ::= SEQUENCE { version 3, authSafe ContentInfo, macData } (RFC 7292 §4) */
function pfx(safes: readonly (readonly Uint8Array[])[], { password, macSalt }: StoreSecrets): Uint8Array {
  if (!isStorePassword(password)) throw new RangeError('a store password is 6 to 128 printable ASCII characters');
  const authenticatedSafe = sequence(...safes.map((bags) => dataContent(sequence(...bags))));
  const digest = pkcs12Mac(authenticatedSafe, password, { salt: macSalt, iterations });
  const digestInfo = sequence(sequence(oidDer.sha256, nullValue()), octetString(digest));
  const macData = sequence(digestInfo, octetString(macSalt), smallInteger(iterations));
  return sequence(smallInteger(3), dataContent(authenticatedSafe), macData);
}

/** ContentInfo of type data (RFC 5652 §4). */
const dataContent = (content: Uint8Array): Uint8Array => sequence(oidDer.pkcs7Data, explicit(0, octetString(content)));

/** SafeBag (RFC 7292 §4.2); without attributes the set is left out. */
const bag = (type: Uint8Array, value: Uint8Array, attributes: readonly Uint8Array[]): Uint8Array =>
  sequence(type, explicit(0, value), ...(attributes.length > 0 ? [setOf(...attributes)] : []));

const certificateBag = (der: Uint8Array, attributes: readonly Uint8Array[]): Uint8Array =>
  bag(oidDer.certBag, sequence(oidDer.x509Certificate, explicit(0, octetString(der))), attributes);

const attribute = (type: Uint8Array, value: Uint8Array): Uint8Array => sequence(type, setOf(value));

/** RFC 2985 §5.5.1: a BMPString. */
const friendlyName = (alias: string): Uint8Array =>
  attribute(oidDer.friendlyName, tlv(tag.bmpString, Buffer.from(alias, 'utf16le').swap16()));

/** One key a store, so that any constant joins it with its certificate. */
const localKeyId = Buffer.from('1');

const trustedForAnything = attribute(oidDer.trustedKeyUsage, oidDer.anyExtendedKeyUsage);

/** EncryptedPrivateKeyInfo (RFC 5958 §3) under PBES2 (RFC 8018 §6.2). */
function encryptedPrivateKey(
  privateKeyDer: Uint8Array,
  { password, keySalt, keyIv }: Pick<KeyStoreInput, 'password' | 'keySalt' | 'keyIv'>,
): Uint8Array {
  const key = pbkdf2Sync(password, keySalt, iterations, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, keyIv);
  const encrypted = Buffer.concat([cipher.update(privateKeyDer), cipher.final()]);
  key.fill(0);
  const prf = sequence(oidDer.hmacWithSHA256, nullValue());
  const kdf = sequence(oidDer.pkcs5Pbkdf2, sequence(octetString(keySalt), smallInteger(iterations), prf));
  const scheme = sequence(oidDer.aes256Cbc, octetString(keyIv));
  return sequence(sequence(oidDer.pkcs5Pbes2, sequence(kdf, scheme)), octetString(encrypted));
}
