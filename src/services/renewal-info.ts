/** Tells whoever knows a serial when that certificate should be rotated; says nothing else of it. */
import { CaError } from '../domain/errors.ts';
import { type RenewalWindow, renewalWindow } from '../domain/policy/renewal-window.ts';
import { parseSerial } from '../domain/x509/serial.ts';
import type { Inventory } from '../ports/inventory.ts';

export interface RenewalInfo extends RenewalWindow {
  readonly serial: string;
}

/** A serial holds 128 random bits: nobody meets one by trying. The service's own certificates are not rotated by others. */
export const createRenewalInfo =
  ({ inventory }: { readonly inventory: Inventory }) =>
  async (serialText: string): Promise<RenewalInfo> => {
    const serial = parseSerial(serialText);
    const record = serial === undefined ? undefined : await inventory.certificate(serial);
    if (!record || record.issuedAt === null || record.purpose !== 'product') {
      throw new CaError('notFound', 'There is no certificate of a product with this serial. Check the serial.');
    }
    return { serial: record.serial, ...renewalWindow(record) };
  };
