/** Authorities whose keys are elsewhere, as anybody may see them, and their lists as they were imported; kept until another import. */
import { CaError } from '../../domain/errors.ts';
import type { ExternalAuthority } from '../../domain/records/external-authority.ts';
import { type ParsedCertificate, parseCertificate } from '../../domain/x509/certificate.ts';
import type { Inventory } from '../../ports/inventory.ts';
import { importedOf, type PublishedCrl } from '../revoking/published-crl.ts';

export interface ExternalView {
  readonly external: ExternalAuthority;
  readonly parsed: ParsedCertificate;
  /** The newest that was imported; null before the first. */
  readonly crl: PublishedCrl | null;
}

export interface ExternalDirectory {
  /** By name. */
  all(): Promise<readonly ExternalView[]>;
  find(name: string): Promise<ExternalView | undefined>;
  /** The list to serve, also when its time is over: who checks it sees that. `notFound` before the first. */
  crl(view: ExternalView): PublishedCrl;
  /** What was kept is read again: an authority or a list was imported. */
  forget(): void;
}

type Register = ReadonlyMap<string, ExternalView>;

export function createExternalDirectory(
  inventory: Pick<Inventory, 'externalAuthorities' | 'latestCrl'>,
): ExternalDirectory {
  let kept: Promise<Register> | undefined;

  const register = (): Promise<Register> => {
    if (kept) return kept;
    const reading = readRegister(inventory);
    kept = reading;
    // A failure is not kept: the inventory may be back at the next try.
    reading.catch(() => {
      if (kept === reading) kept = undefined;
    });
    return reading;
  };

  return {
    all: async () => [...(await register()).values()],
    find: async (name) => (await register()).get(name),
    crl({ external: { name }, crl }) {
      if (crl) return crl;
      throw new CaError('notFound', `The list of ${name} is made elsewhere and was not imported yet.`);
    },
    forget() {
      kept = undefined;
    },
  };
}

async function readRegister(inventory: Pick<Inventory, 'externalAuthorities' | 'latestCrl'>): Promise<Register> {
  const views = (await inventory.externalAuthorities()).map(async (external): Promise<ExternalView> => {
    const record = await inventory.latestCrl(external.name);
    return { external, parsed: parseCertificate(external.certificateDer), crl: record ? importedOf(record) : null };
  });
  return new Map((await Promise.all(views)).map((view) => [view.external.name, view]));
}
