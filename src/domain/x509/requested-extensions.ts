/** The extensions a CSR asks for (RFC 2985 §5.4.2): names are taken from subjectAltName, all others are the profile's to decide. */
import { assertCanonicalDer } from '../der/canonical.ts';
import { DerError } from '../der/error.ts';
import { DerReader } from '../der/reader.ts';
import { tag } from '../der/tag.ts';
import { readBoolean, readOid } from '../der/value.ts';
import { CaError, type Reason, type ReasonCode } from '../errors.ts';
import { nameFault } from '../policy/name-fault.ts';
import { printable } from '../policy/printable.ts';
import { decodeGeneralName, type GeneralName, type RefusedName } from './general-name.ts';
import { oids } from './oids.ts';
import { decodeBasicConstraints, decodeExtKeyUsage, decodeKeyUsage } from './read-extensions.ts';

/** Extensions ::= SEQUENCE OF Extension, whose content `list` reads. What is refused is added to `reasons`. */
export function readRequestedExtensions(list: DerReader, reasons: Reason[]): readonly GeneralName[] {
  const seen = new Set<string>();
  let names: readonly GeneralName[] = [];
  while (!list.atEnd) {
    const extension = readExtension(list);
    const { extnId } = extension;
    if (seen.has(extnId)) reasons.push(refused('duplicateExtension', 'An extension is requested twice.', extnId));
    else names = readOne(extension, reasons) ?? names;
    seen.add(extnId);
  }
  return names;
}

interface RequestedExtension {
  readonly extnId: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

function readExtension(list: DerReader): RequestedExtension {
  const fields = list.enterSequence();
  const extnId = readOid(fields);
  const start = fields.position;
  const critical = fields.peekTag() === tag.boolean && readBoolean(fields);
  // X.690 §11.5: FALSE is the DEFAULT and not encoded.
  if (!critical && fields.position !== start) throw new DerError('badBoolean', start);
  const value = fields.content(fields.expect(tag.octetString));
  fields.expectEnd();
  return { extnId, critical, value };
}

/** The names, if this extension holds them. Its value, opaque so far, must be canonical DER of its own grammar. */
function readOne(extension: RequestedExtension, reasons: Reason[]): readonly GeneralName[] | undefined {
  const { extnId, value } = extension;
  try {
    assertCanonicalDer(value);
    if (extnId === oids.subjectAltName) return readNames(value, reasons);
    const fault = forbiddenFor(extension);
    if (fault !== undefined) reasons.push(refused('forbiddenExtension', fault, extnId));
  } catch (error) {
    if (!(error instanceof DerError || error instanceof CaError)) throw error;
    reasons.push(refused('badExtension', 'A requested extension is not well formed.', extnId));
  }
  return undefined;
}

/** As many as any profile allows, each counted once; and as many as are read for that. */
const most = { names: 100, listed: 1000 } as const;

/** Each name once, and of those that are refused the first that is so: what comes after too many is not even read. */
function readNames(value: Uint8Array, reasons: Reason[]): readonly GeneralName[] {
  const list = new DerReader(value).enterSequence();
  if (list.atEnd) reasons.push(refused('badExtension', 'The requested subjectAltName is empty.', oids.subjectAltName));
  const names = new Map<string, GeneralName>();
  const faults = new Map<string, Reason>();
  let excess: Reason | undefined;
  for (let index = 0; !list.atEnd && !excess; index++) {
    if (index === most.listed) {
      excess = tooMany(most.listed, 'names, repeats included,');
      break;
    }
    const name = decodeGeneralName(list);
    const known = name.type === 'other' ? `${name.code} ${name.value}` : name.value;
    if (name.type !== 'other') names.set(known, name);
    else if (!faults.has(known)) faults.set(known, refusedName(name, index));
    if (names.size + faults.size > most.names) excess = tooMany(most.names, 'names');
  }
  reasons.push(...faults.values(), ...(excess ? [excess] : []));
  return [...names.values()];
}

const tooMany = (count: number, what: string): Reason => ({
  code: 'tooManyNames',
  message: `More than ${count} ${what} are requested. Use several certificates.`,
  field: 'csr.subjectAltName',
});

const refusedName = ({ code, value }: RefusedName, index: number): Reason => ({
  code,
  message: nameFault(code, value),
  field: `csr.subjectAltName[${index}]`,
  value: printable(value),
});

/** Extensions that make rules for CAs: nobody asks for them here, critical or not. */
const forCas: ReadonlySet<string> = new Set([
  oids.nameConstraints,
  oids.policyMappings,
  oids.policyConstraints,
  oids.inhibitAnyPolicy,
]);

/** What to do about whatever asks for the powers of a CA, or is critical and unknown (RFC 5280 §4.2). The rest is well formed and ignored. */
function forbiddenFor({ extnId, critical, value }: RequestedExtension): string | undefined {
  switch (extnId) {
    case oids.basicConstraints: {
      const { ca, pathLen } = decodeBasicConstraints(value);
      return ca || pathLen !== undefined ? sentences.basicConstraints : undefined;
    }
    case oids.keyUsage: {
      const isForCa = decodeKeyUsage(value).some((usage) => usage === 'keyCertSign' || usage === 'cRLSign');
      return isForCa ? sentences.keyUsage : undefined;
    }
    case oids.extKeyUsage:
      decodeExtKeyUsage(value);
      return undefined;
    case oids.subjectKeyIdentifier:
      new DerReader(value).expect(tag.octetString);
      return undefined;
    default:
      if (forCas.has(extnId)) return sentences.forCas;
      return critical ? sentences.unknown : undefined;
  }
}

const sentences = {
  basicConstraints: 'CA:TRUE or a pathLen is requested, which only an authority has. Ask for CA:FALSE, or for neither.',
  keyUsage: 'The key usage keyCertSign or cRLSign is requested, which only an authority has. Leave it out.',
  forCas: 'An extension is requested that makes rules for authorities. Leave it out.',
  unknown: 'A critical extension is requested that is unknown here. Leave it out; the profile decides on extensions.',
} as const;

const refused = (code: ReasonCode, message: string, oid: string): Reason => ({
  ...{ code, message, field: 'csr.extensionRequest' },
  value: oid,
});
