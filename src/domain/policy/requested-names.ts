/** Which names a request asks for, and every reason why it may not have them. */
import type { Reason } from '../errors.ts';
import type { Product } from '../records/environment.ts';
import type { ProvenCsr } from '../x509/csr.ts';
import { type GeneralName, parseGeneralName, readGeneralName } from '../x509/general-name.ts';
import { oids } from '../x509/oids.ts';
import { nameFault } from './name-fault.ts';
import { allowedBy } from './name-rule.ts';
import { namesGiven } from './plain-name-rule.ts';
import { printable } from './printable.ts';
import type { Profile } from './profile.ts';

export interface NamesInput {
  readonly csr: ProvenCsr;
  /** Plain text names that replace the CSR's. */
  readonly names?: readonly string[];
}

export interface RequestedNames {
  /** Canonical, each once, in the order of the request. */
  readonly names: readonly GeneralName[];
  /** What could not be read as a name. */
  readonly reasons: readonly Reason[];
  /** Where in the request each of `names` stands. */
  readonly fields: readonly string[] | string;
}

/** From the request's `names`, else the CSR's subjectAltName, else a CN that is a DNS name. */
export function readRequestedNames({ csr, names }: NamesInput): RequestedNames {
  if (names) return readNameTexts(names);
  if (csr.names.length > 0) return { names: csr.names, reasons: [], fields: 'csr.subjectAltName' };
  // `openssl req -new -subj /CN=host` and nothing more is what most people type first.
  const name = parseGeneralName(commonNameOf(csr) ?? '');
  return { names: name?.type === 'dns' ? [name] : [], reasons: [], fields: 'csr.subject' };
}

/** As for a CSR: more than any profile allows, each counted once, are not even read. */
const mostTexts = 100;

/** Plain texts as names, or why they are none. */
export function readNameTexts(texts: readonly string[]): RequestedNames {
  const distinct = new Set(texts);
  if (distinct.size > mostTexts) return { names: [], reasons: [tooMany(distinct.size, mostTexts)], fields: 'names' };
  const names = new Map<string, GeneralName>();
  const fields: string[] = [];
  const reasons: Reason[] = [];
  for (const text of distinct) {
    const index = texts.indexOf(text);
    const name = readGeneralName(text);
    const field = `names[${index}]`;
    if (name.type === 'other') {
      reasons.push({ code: name.code, field, message: nameFault(name.code, text), value: printable(text) });
    } else if (!names.has(name.value)) {
      names.set(name.value, name);
      fields.push(field);
    }
  }
  return { names: [...names.values()], reasons, fields };
}

export const commonNameOf = (csr: ProvenCsr): string | undefined =>
  csr.subject.attributes.find(({ oid }) => oid === oids.commonName)?.value;

/** Every rule of profile and product that the names break, after what made some of them unreadable. */
export function judgeNames(
  { names, fields, reasons: unreadable }: RequestedNames,
  csr: ProvenCsr,
  rules: { readonly profile: Profile; readonly product: Product },
): readonly Reason[] {
  const { maximum } = rules.profile.names;
  if (names.length === 0) return unreadable.length > 0 ? unreadable : [noNames(csr)];
  if (names.length > maximum) return [...unreadable, tooMany(names.length, maximum)];
  const isAllowed = allowedBy(rules.product.nameRules);
  const reasons = [...unreadable];
  for (const [index, name] of names.entries()) {
    const fault = faultOf(name, isAllowed, rules);
    if (!fault) continue;
    const field = typeof fields === 'string' ? fields : fields[index]!;
    reasons.push({ ...fault, field, value: printable(name.value) });
  }
  if (!holdsCommonName(names, csr)) reasons.push(commonNameNotInNames(csr));
  return reasons;
}

function faultOf(
  name: GeneralName,
  isAllowed: (name: GeneralName) => boolean,
  { profile, product }: { readonly profile: Profile; readonly product: Product },
): Reason | undefined {
  const { types, wildcards } = profile.names;
  if (!types.includes(name.type)) {
    const message = `The profile ${profile.name} does not certify names of type ${name.type}, only ${types.join(', ')}.`;
    return { code: 'nameTypeNotAllowed', message };
  }
  if (name.value.startsWith('*.') && !wildcards) {
    const message = `The profile ${profile.name} does not certify wildcards. Name each host.`;
    return { code: 'wildcardNotAllowed', message };
  }
  if (isAllowed(name)) return undefined;
  const given = namesGiven(product.nameRules, name.type);
  const has = given === undefined ? `It has no names of type ${name.type}` : `It has ${given}`;
  const message = `No name rule of ${product.id} gives it this name. ${has}: ask for one that it has, or have a rule added.`;
  return { code: 'nameNotAllowed', message };
}

/** Programs that read only the CN must see a name that was certified. */
function holdsCommonName(names: readonly GeneralName[], csr: ProvenCsr): boolean {
  const commonName = commonNameOf(csr);
  return commonName === undefined || findName(names, commonName) !== undefined;
}

/** The one of `names` that `text` writes, in whatever spelling. */
export function findName(names: readonly GeneralName[], text: string): GeneralName | undefined {
  const spelled = names.find(({ value }) => value === text);
  if (spelled) return spelled;
  const canonical = parseGeneralName(text)?.value;
  return names.find(({ value }) => value === canonical);
}

function noNames(csr: ProvenCsr): Reason {
  const message = 'The request names nobody: put a subjectAltName into the CSR, or a DNS name into its CN.';
  const commonName = commonNameOf(csr);
  return { code: 'noNames', field: 'names', message, ...(commonName && { value: printable(commonName) }) };
}

const tooMany = (count: number, most: number): Reason => ({
  code: 'tooManyNames',
  field: 'names',
  message: `At most ${most} names fit into one certificate, but there are ${count}. Use several certificates.`,
});

const commonNameNotInNames = (csr: ProvenCsr): Reason => ({
  code: 'commonNameNotInNames',
  field: 'csr.subject',
  message: 'The CN is not one of the requested names. Add it to the subjectAltName, or leave it out.',
  value: printable(commonNameOf(csr) ?? ''),
});
