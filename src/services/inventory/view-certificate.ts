/** Puts together what the faces show of a certificate, and says who may see which. */
import { CaError } from '../../domain/errors.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import { parseSerial } from '../../domain/x509/serial.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { AuthorityDirectory } from '../authorities/authority-directory.ts';
import type { Caller } from '../caller.ts';
import { noSuch } from '../no-such.ts';
import type { CertificateView } from '../services.ts';

/** What stands for a profile where a certificate was signed elsewhere. */
export const importedProfile = 'imported-authority';

export interface ViewDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
}

export async function viewOf(deps: ViewDeps, record: CertificateRecord, der: Uint8Array): Promise<CertificateView> {
  const isRoot = record.issuerSerial === record.serial;
  const chainDer = isRoot ? [] : await deps.directory.chainAbove(record);
  // What was signed elsewhere has its issuer's name and no generation of it.
  const isImported = record.profile === importedProfile;
  return { record, der, chainDer, issuer: isImported ? record.authority : (await deps.directory.issuerOf(record)).id };
}

/** The certificate with this serial, if the caller may know of it: operators all, a product its own. */
export async function findVisible(deps: ViewDeps, caller: Caller, serialText: string): Promise<CertificateRecord> {
  const serial = parseSerial(serialText);
  const record = serial === undefined ? undefined : await deps.inventory.certificate(serial);
  if (!record || !maySee(caller, record)) throw noSuch('certificate', serialText);
  return record;
}

/** A foreign product's certificate is as absent as one that does not exist. */
function maySee(caller: Caller, record: CertificateRecord): boolean {
  if (caller.kind === 'operator') return true;
  return record.purpose === 'product' && record.owner === caller.product;
}

export const createReadCertificate =
  (deps: ViewDeps) =>
  async (caller: Caller, serial: string): Promise<CertificateView> => {
    const record = await findVisible(deps, caller, serial);
    const der = await deps.inventory.certificateDer(record.serial);
    if (!der) {
      throw new CaError('conflict', 'This certificate was requested, but never signed; there is nothing to show.');
    }
    return viewOf(deps, record, der);
  };
