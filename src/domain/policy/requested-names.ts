/** Which names a request asks for, and every reason why it may not have them. */
import type { Reason } from '../errors.ts';
import type { Product } from '../records/environment.ts';
import type { Csr } from '../x509/csr.ts';
import { type GeneralName, parseGeneralName, readGeneralName } from '../x509/general-name.ts';
import { oids } from '../x509/oids.ts';
import { isNameAllowed } from './name-rule.ts';
import { printable } from './printable.ts';
import type { Profile } from './profile.ts';

export interface NamesInput {
  readonly csr: Csr;
  /** Plain text names that replace the CSR's. */
  readonly names?: readonly string[];
}

export interface RequestedNames {
  /** Canonical, each once, in the order of the request. */
  readonly names: readonly GeneralName[];
  readonly reasons: readonly Reason[];
}

/** From the request's `names`, else the CSR's subjectAltName, else a CN that is a DNS name. */
export function readRequestedNames(input: NamesInput): RequestedNames {
  const { csr } = input;
  if (input.names) return readTexts(input.names);
  if (csr.names.length > 0) return { names: csr.names, reasons: [] };
  const commonName = commonNameOf(csr);
  const name = commonName === undefined ? undefined : parseGeneralName(commonName);
  // `openssl req -new -subj /CN=host` and nothing more is what most people type first.
  return { names: name?.type === 'dns' ? [name] : [], reasons: [] };
}

function readTexts(texts: readonly string[]): RequestedNames {
  const names = new Map<string, GeneralName>();
  const reasons: Reason[] = [];
  for (const [index, text] of texts.entries()) {
    const name = readGeneralName(text);
    if (name.type !== 'other') names.set(name.value, name);
    else
      reasons.push({
        code: name.code,
        field: `names[${index}]`,
        message: 'This is no name that can be certified.',
        value: printable(text),
      });
  }
  return { names: [...names.values()], reasons };
}

export const commonNameOf = (csr: Csr): string | undefined =>
  csr.subject.attributes.find(({ oid }) => oid === oids.commonName)?.value;

/** Every rule of profile and product that the names break. */
export function judgeNames(
  names: readonly GeneralName[],
  csr: Csr,
  rules: { profile: Profile; product: Product },
): readonly Reason[] {
  const { profile, product } = rules;
  if (names.length === 0)
    return [
      { code: 'noNames', field: 'names', message: 'The request names nobody. Put a subjectAltName into the CSR.' },
    ];
  if (names.length > profile.names.maximum) {
    const message = `At most ${profile.names.maximum} names, but there are ${names.length}.`;
    return [{ code: 'tooManyNames', field: 'names', message }];
  }
  const reasons: Reason[] = [];
  for (const name of names) judgeName(name, profile, product, reasons);
  return reasons.concat(judgeCommonName(csr, names));
}

function judgeName(name: GeneralName, profile: Profile, product: Product, reasons: Reason[]): void {
  const complain = (code: Reason['code'], message: string): void =>
    void reasons.push({ code, field: 'names', message, value: printable(name.value) });
  if (!profile.names.types.includes(name.type)) {
    complain('nameTypeNotAllowed', `The profile ${profile.name} does not certify names of type ${name.type}.`);
  } else if (name.value.startsWith('*.') && !profile.names.wildcards) {
    complain('wildcardNotAllowed', `The profile ${profile.name} does not certify wildcards.`);
  } else if (!isNameAllowed(product.nameRules, name)) {
    complain('nameNotAllowed', `The product ${product.id} may not hold this name. Ask an operator to allow it.`);
  }
}

/** Programs that read only the CN must see a name that was certified. */
function judgeCommonName(csr: Csr, names: readonly GeneralName[]): readonly Reason[] {
  const commonName = commonNameOf(csr);
  if (commonName === undefined) return [];
  const canonical = parseGeneralName(commonName)?.value;
  if (names.some(({ value }) => value === canonical)) return [];
  const message = 'The CN is not one of the requested names. Add it to the subjectAltName, or leave it out.';
  return [{ code: 'commonNameNotInNames', field: 'csr.subject', message, value: printable(commonName) }];
}
