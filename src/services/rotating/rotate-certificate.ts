/** A certificate is followed by its one successor: same product, profile and names, authorised by itself, an operator or a token. */
import { CaError, type Reason } from '../../domain/errors.ts';
import { printable } from '../../domain/policy/printable.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { Product } from '../../domain/records/environment.ts';
import { refuseIfAny } from '../../domain/refusal.ts';
import type { ProvenCsr } from '../../domain/x509/csr.ts';
import { parseGeneralName } from '../../domain/x509/general-name.ts';
import { publicKeySha256 } from '../../domain/x509/public-key.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CsrReader } from '../../ports/csr-reader.ts';
import type { Caller } from '../caller.ts';
import { findVisible, type ViewDeps } from '../inventory/view-certificate.ts';
import type { FindProfiles } from '../issuing/product-recipes.ts';
import { repeatedAnswer } from '../issuing/repeat-answer.ts';
import { expiredReason, revokedReason } from '../issuing/settle-issuance.ts';
import { type FindProduct, type ProductIssuing, productOf } from '../issuing/submit-request.ts';
import type { SubmitInput, Submitted } from '../services.ts';
import { successorFor } from './successor-answer.ts';

export interface RotateDeps extends ViewDeps {
  readonly clock: Clock;
  readonly products: ProductIssuing;
  readonly csrs: CsrReader;
  readonly findProduct: FindProduct;
  readonly findProfiles: FindProfiles;
}

/** Whoever asks again with the key of the successor is given that one; with another key it is a `conflict` that names it. */
export const createRotateCertificate =
  (deps: RotateDeps) =>
  async (caller: Caller, serial: string, input: SubmitInput): Promise<Submitted> => {
    const record = await findVisible(deps, caller, serial);
    const repeated = await repeatedAnswer(deps, caller, input);
    if (repeated) return repeated;
    const product = await productOfRecord(deps, record);
    refuseIfAny(obstacles(caller, record, product, Math.floor(deps.clock.now() / 1000)));
    const csr = await deps.csrs.read(input.csrDer);
    if (record.successor) {
      return { kind: 'certificate', view: await successorFor(deps, record.successor, keyOf(csr)) };
    }
    refuseIfAny(changes(record, csr, { input, keepsKey: await mayKeepKey(deps, record) }));
    return deps.products.issueFor({
      caller,
      product,
      profileName: record.profile,
      csr,
      input: { ...input, names: record.names },
      predecessor: record.serial,
    });
  };

const keyOf = (csr: ProvenCsr): string => publicKeySha256(csr.publicKey.spkiDer);

function productOfRecord(deps: RotateDeps, { purpose, serial, owner }: CertificateRecord): Promise<Product> {
  if (purpose === 'product') return productOf(deps.findProduct, owner);
  throw new CaError('conflict', `The certificate ${serial} is no product’s; only products’ certificates are rotated.`);
}

/** Not the way back of a revoked one: it may be good again. */
const heldReason: Reason = {
  code: 'certificateHeld',
  field: 'serial',
  message: 'A certificate that is on hold cannot be rotated. Ask an operator to release it.',
};

const wayBack = 'Enrol again with a token.';

/** Why nobody, or not this caller, may have the certificate followed; nothing of this depends on the CSR. */
function obstacles(caller: Caller, record: CertificateRecord, product: Product, now: number): Reason[] {
  const reasons: Reason[] = [];
  if (caller.kind === 'product' && caller.serial !== record.serial) {
    const message = `This connection is authorised by ${caller.serial}. Rotate that one, or use a token.`;
    reasons.push({ code: 'certificateOfAnother', field: 'serial', message });
  }
  if (record.revocation) reasons.push(record.revocation.reason === 'certificateHold' ? heldReason : revokedReason);
  if (record.notAfter < now) reasons.push(expiredReason);
  const { profile } = record;
  if (caller.kind === 'token' && !caller.profiles.includes(profile)) {
    const message = `The token is not for the profile ${profile} of this certificate. Ask an operator for another one.`;
    reasons.push({ code: 'tokenNotForProfile', message });
  }
  if (!product.profiles.includes(profile)) {
    const message = `${product.id} may not use the profile ${profile} any more. ${wayBack}`;
    reasons.push({ code: 'profileNotAllowed', field: 'profile', message });
  }
  return reasons;
}

/** As the profile says now. */
async function mayKeepKey(deps: RotateDeps, { environment, profile }: CertificateRecord): Promise<boolean> {
  const profiles = environment === null ? undefined : await deps.findProfiles(environment);
  return profiles?.find(({ name }) => name === profile)?.rotation.newKey === 'optional';
}

interface Wanted {
  readonly input: SubmitInput;
  readonly keepsKey: boolean;
}

/** A successor is the same certificate with new dates and, mostly, a new key; anything else is a new request with a token. */
function changes(record: CertificateRecord, csr: ProvenCsr, { input, keepsKey }: Wanted): Reason[] {
  const reasons: Reason[] = [];
  const wanted = input.names ? input.names.map(canonical) : csr.names.map(({ value }) => value);
  if (wanted.length > 0 && sorted(wanted) !== sorted(record.names)) {
    const message = 'A rotation keeps the names of its certificate. Enrol anew with a token.';
    reasons.push({ code: 'rotationChangesNames', message });
  }
  if (input.profile !== undefined && input.profile !== record.profile) {
    const message = `A rotation keeps the profile of its certificate, ${record.profile}.`;
    reasons.push({ code: 'profileNotAllowed', field: 'profile', message, value: printable(input.profile) });
  }
  if (!keepsKey && keyOf(csr) === record.keySha256) {
    const message = 'A rotation needs a new key: the profile does not let a successor keep the key.';
    reasons.push({ code: 'rotationReusesKey', field: 'csr.publicKey', message });
  }
  return reasons;
}

const canonical = (text: string): string => parseGeneralName(text)?.value ?? text;

/** Each once, as an enrolment counts them. */
const sorted = (names: readonly string[]): string => JSON.stringify([...new Set(names)].toSorted());
