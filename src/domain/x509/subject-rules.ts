/** What a requested subject may look like (RFC 5280 §4.1.2.4, appendix A.1). Which names it may hold is for policy. */
import type { Reason, ReasonCode } from '../errors.ts';
import { printable } from '../policy/printable.ts';
import { findAttributeType } from './attribute-type.ts';
import type { DistinguishedName, NameAttribute } from './name.ts';
import { oids } from './oids.ts';

/** Upper bound for attribute types without one of their own. */
const widestBound = 255;
const maxAttributes = 32;

/** C0 and C1 controls, and the marks that reorder or hide text: all of Unicode's Bidi_Control, soft hyphens, tags, line separators. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const severalAttributes =
  'An RDN of the subject holds several attributes, as CN=a+OU=b does. Give each one of its own: CN=a,OU=b.';

/** Every rule the subject breaks. */
export function checkSubject(subject: DistinguishedName): Reason[] {
  const { attributes } = subject;
  const reasons: Reason[] = [];
  if (subject.multiValued) reasons.push(reason('badSubject', severalAttributes));
  if (subject.retired)
    reasons.push(reason('badSubject', 'The subject has a string type that is retired. Use UTF8String.'));
  if (attributes.length > maxAttributes) return [reason('badSubject', 'The subject has more than 32 attributes.')];
  const commonNames = attributes.filter(({ oid }) => oid === oids.commonName);
  // Programs that take an identity from the CN differ in which of several they take.
  if (commonNames.length > 1)
    reasons.push(reason('severalCommonNames', 'The subject has more than one CN. Leave one, or none.'));
  return attributes.reduce((all, attribute) => all.concat(checkAttribute(attribute)), reasons);
}

function checkAttribute({ oid, value }: NameAttribute): Reason[] {
  const type = findAttributeType(oid);
  const name = type?.short ?? oid;
  if (unsafe.test(value)) {
    return [reason('badCharacters', `The subject's ${name} has control characters.`, value)];
  }
  const bound = type?.maxLength ?? widestBound;
  const tooLong = value.length > bound && [...value].length > bound;
  const fault = () => {
    if (value === '') return 'is empty. Leave it out.';
    // What keytool writes for each question that was not answered is `Unknown`.
    if (oid === oids.countryName && value.length !== 2)
      return 'is no country of two letters. Correct it, or leave it out.';
    return tooLong ? `has more than ${bound} characters. Shorten it, or leave it out.` : undefined;
  };
  const told = fault();
  return told === undefined ? [] : [reason('badSubject', `The subject's ${name} ${told}`, value)];
}

function reason(code: ReasonCode, message: string, value?: string): Reason {
  const plain = { code, message, field: 'csr.subject' };
  return value === undefined ? plain : { ...plain, value: printable(value) };
}
