/** What the key rules ask of whoever keeps the list of RSA keys that Debian's OpenSSL could make (CVE-2008-0166). */

/** Whether this modulus (big-endian, no leading zeros) is on the list. The list is data, so an adapter holds it. */
export type IsKnownWeakKey = (modulus: Uint8Array) => boolean;
