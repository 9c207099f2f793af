/** Of the lists that were fetched and those in use the newer ones: over plain HTTP anybody on the way can show one from before a revocation. */
import { decodePemAll, encodePem } from '../../domain/der/pem.ts';
import { formatName } from '../../domain/x509/name.ts';
import { type ForeignCrl, parseForeignCrl } from '../../domain/x509/read-crl.ts';
import { keptLists } from './fetch-crls.ts';

export interface NewerLists {
  /** PEM, in the order of those that were fetched. */
  readonly crlPem: string;
  /** Of each list in use that stays instead of an older one, whose it is and of when, in words. */
  readonly kept: readonly string[];
}

/** `now` in Unix milliseconds: a list that is over, or made by a clock that was ahead, gives way to any other. */
export function newerLists(fetchedPem: string, inUsePem: string, now: number): NewerLists {
  if (fetchedPem === inUsePem) return { crlPem: fetchedPem, kept: [] };
  const inUse = keptLists(inUsePem).filter(
    ({ thisUpdate, nextUpdate }) => thisUpdate * 1000 <= now && nextUpdate * 1000 > now,
  );
  const kept: string[] = [];
  const lists = decodePemAll(fetchedPem, 'X509 CRL').map((der) => {
    const fetched = parseForeignCrl(der);
    const newer = inUse.find((list) => isOfOneAuthority(list, fetched) && isNewer(list, fetched));
    if (newer) kept.push(`${formatName(newer.issuer)} of ${new Date(newer.thisUpdate * 1000).toISOString()}`);
    return encodePem('X509 CRL', (newer ?? fetched).der);
  });
  return { crlPem: lists.join(''), kept };
}

const isOfOneAuthority = (a: ForeignCrl, b: ForeignCrl): boolean =>
  Buffer.compare(a.issuer.der, b.issuer.der) === 0 &&
  Buffer.compare(a.authorityKeyIdentifier ?? none, b.authorityKeyIdentifier ?? none) === 0;

const none = new Uint8Array();

/** RFC 5280 §5.2.3: the number tells two lists of one second apart. */
const isNewer = (a: ForeignCrl, b: ForeignCrl): boolean =>
  a.thisUpdate === b.thisUpdate ? (a.crlNumber ?? 0n) > (b.crlNumber ?? 0n) : a.thisUpdate > b.thisUpdate;
