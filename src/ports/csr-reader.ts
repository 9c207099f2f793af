/** Port: reads CSRs and proves them, on whatever core is free: the heaviest arithmetic of issuing that needs no secret. */
import type { ProvenCsr } from '../domain/x509/csr.ts';

export interface CsrReader {
  /**
   * What `domain/x509/csr.ts` reads from it, signature verified. Rejects with the CaError of `parseCsr` holding every
   * reason, or `overloaded` when too many wait. Pure: may be repeated.
   */
  read(csrDer: Uint8Array): Promise<ProvenCsr>;
  close(): Promise<void>;
}
