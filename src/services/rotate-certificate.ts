/** A certificate is followed by its successor: same product, profile and names, a new key, authorised by itself. */
import { CaError, type ReasonCode } from '../domain/errors.ts';
import type { CertificateRecord } from '../domain/records/certificate.ts';
import { refuse } from '../domain/refusal.ts';
import type { ProvenCsr } from '../domain/x509/csr.ts';
import { parseGeneralName } from '../domain/x509/general-name.ts';
import { publicKeySha256 } from '../domain/x509/public-key.ts';
import type { Clock } from '../ports/clock.ts';
import type { CsrReader } from '../ports/csr-reader.ts';
import type { Caller } from './caller.ts';
import { repeatedAnswer } from './repeat-answer.ts';
import type { SubmitInput, Submitted } from './services.ts';
import { type FindProduct, type ProductIssuing, productOf } from './submit-request.ts';
import { findVisible, type ViewDeps } from './view-certificate.ts';

export interface RotateDeps extends ViewDeps {
  readonly clock: Clock;
  readonly products: ProductIssuing;
  readonly csrs: CsrReader;
  readonly findProduct: FindProduct;
}

export const createRotateCertificate =
  (deps: RotateDeps) =>
  async (caller: Caller, serial: string, input: SubmitInput): Promise<Submitted> => {
    if (caller.kind !== 'product') {
      return forbid('certificateOfAnother', 'A certificate is rotated over mTLS with that certificate itself.');
    }
    const record = await findVisible(deps, caller, serial);
    if (record.serial !== caller.serial) {
      return forbid('certificateOfAnother', `This connection is authorised by ${caller.serial}; rotate that one.`);
    }
    const repeated = await repeatedAnswer(deps, caller, input);
    if (repeated) return repeated;
    if (record.successor) {
      throw new CaError('conflict', `This certificate was rotated already; its successor is ${record.successor}.`);
    }
    const csr = await deps.csrs.read(input.csrDer);
    refuseChanges(record, csr, input);
    const product = await productOf(deps.findProduct, record.owner);
    return deps.products.issueFor({
      caller,
      product,
      profileName: record.profile,
      csr,
      input: { ...input, names: record.names },
      predecessor: record.serial,
    });
  };

const forbid = (code: ReasonCode, message: string): never => refuse([{ code, message }]);

/** A successor is the same certificate with a new key and new dates; anything else is a new request with a token. */
function refuseChanges(record: CertificateRecord, csr: ProvenCsr, input: SubmitInput): void {
  const wanted = input.names ? input.names.map(canonical) : csr.names.map(({ value }) => value);
  const same = wanted.length === 0 || sorted(wanted) === sorted(record.names);
  if (!same) forbid('rotationChangesNames', 'A rotation keeps the names of its certificate. Enrol anew with a token.');
  if (input.profile !== undefined && input.profile !== record.profile) {
    forbid('profileNotAllowed', `A rotation keeps the profile of its certificate, ${record.profile}.`);
  }
  if (publicKeySha256(csr.publicKey.spkiDer) === record.keySha256) {
    refuse([{ code: 'rotationReusesKey', field: 'csr.publicKey', message: 'A rotation needs a new key.' }]);
  }
}

const canonical = (text: string): string => parseGeneralName(text)?.value ?? text;

const sorted = (names: readonly string[]): string => JSON.stringify(names.toSorted());
