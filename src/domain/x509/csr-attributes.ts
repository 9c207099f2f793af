/** The attributes of a CSR (RFC 2986 §4.1): one extensionRequest at most, and some that mean nothing here. */
import { DerError } from '../der/error.ts';
import { DerReader } from '../der/reader.ts';
import { tag } from '../der/tag.ts';
import { readOid } from '../der/value.ts';
import type { Reason, ReasonCode } from '../errors.ts';
import { refuseIfAny } from '../refusal.ts';
import type { GeneralName } from './general-name.ts';
import { oids } from './oids.ts';
import { readRequestedExtensions } from './requested-extensions.ts';

/**
 * Reads the content of `attributes [0]` into the requested names, in their order and each once.
 * Throws the CaError with all that is refused, or DerError where the structure breaks.
 */
export function readAttributes(attributes: DerReader): readonly GeneralName[] {
  assertAscending(attributes);
  const reasons: Reason[] = [];
  const seen = new Set<string>();
  let names: readonly GeneralName[] = [];
  while (!attributes.atEnd) {
    const fields = attributes.enterSequence();
    const type = readOid(fields);
    const values = fields.enter(tag.set);
    fields.expectEnd();
    // RFC 2986 §4.1: SIZE(1..MAX). openssl stops reading at an attribute without a value, and so at what comes behind it.
    if (values.atEnd) throw new DerError('missingElement', values.position);
    if (seen.has(type)) reasons.push(refused('duplicateAttribute', 'An attribute occurs twice.', type));
    else if (type === oids.extensionRequest) names = readExtensionRequest(values, reasons);
    else if (!meaningless.has(type)) reasons.push(refused('unsupportedAttribute', unsupported, type));
    seen.add(type);
  }
  refuseIfAny(reasons);
  return names;
}

/**
 * openssl asks for a challengePassword (RFC 2985 §5.4.1) and an unstructuredName (§5.2.2) by default; Windows names its
 * version, its key store, and who asked.
 */
const meaningless: ReadonlySet<string> = new Set([
  oids.challengePassword,
  oids.unstructuredName,
  oids.microsoftOsVersion,
  oids.microsoftEnrolmentCsp,
  oids.microsoftClientInfo,
]);

const unsupported = 'An attribute is none that a CSR for here may have. Leave it out.';

/** X.690 §11.6 for this implicitly tagged SET OF, which a walk without the grammar cannot know to be one. */
function assertAscending(attributes: DerReader): void {
  const walk = new DerReader(attributes.bytes, attributes.position, attributes.end);
  let previous: Uint8Array | undefined;
  while (!walk.atEnd) {
    const element = walk.next();
    const encoding = walk.whole(element);
    if (previous && Buffer.compare(previous, encoding) > 0) throw new DerError('unsortedSet', element.start);
    previous = encoding;
  }
}

/** RFC 2985 §5.4.2: SINGLE VALUE TRUE. */
function readExtensionRequest(values: DerReader, reasons: Reason[]): readonly GeneralName[] {
  const extensions = values.enterSequence();
  if (values.atEnd) return readRequestedExtensions(extensions, reasons);
  reasons.push(refused('duplicateAttribute', 'extensionRequest has more than one value.', oids.extensionRequest));
  return [];
}

const refused = (code: ReasonCode, message: string, oid: string): Reason => ({
  ...{ code, message, field: 'csr.attributes' },
  value: oid,
});
