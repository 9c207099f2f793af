/** Authorities whose keys are elsewhere, as anybody may see them, and their lists as they were imported. */
import { createHash } from 'node:crypto';
import { CaError } from '../domain/errors.ts';
import type { ExternalAuthority } from '../domain/records/external-authority.ts';
import { type ParsedCertificate, parseCertificate } from '../domain/x509/certificate.ts';
import type { CrlRecord, Inventory } from '../ports/inventory.ts';
import type { PublishedCrl } from './published-crl.ts';

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
}

export function createExternalDirectory(inventory: Inventory): ExternalDirectory {
  const parsed = new Map<string, ParsedCertificate>();
  const lists = new Map<string, PublishedCrl>();

  const parsedOf = ({ sha256, certificateDer }: ExternalAuthority): ParsedCertificate => {
    const known = parsed.get(sha256) ?? parseCertificate(certificateDer);
    parsed.set(sha256, known);
    return known;
  };
  /** The same object for as long as the list is the same: what is made of its bytes is kept beside it. */
  const listOf = (record: CrlRecord): PublishedCrl => {
    const known = lists.get(record.authority);
    if (known?.crlNumber === record.crlNumber) return known;
    const etag = `"${createHash('sha256').update(record.der).digest('base64url').slice(0, 22)}"`;
    const { der, crlNumber, thisUpdate, nextUpdate } = record;
    const list = { der, crlNumber, thisUpdate, nextUpdate, etag };
    lists.set(record.authority, list);
    return list;
  };
  const viewOf = async (external: ExternalAuthority): Promise<ExternalView> => {
    const record = await inventory.latestCrl(external.name);
    return { external, parsed: parsedOf(external), crl: record ? listOf(record) : null };
  };

  return {
    all: async () => Promise.all((await inventory.externalAuthorities()).map(viewOf)),
    async find(name) {
      const external = (await inventory.externalAuthorities()).find((candidate) => candidate.name === name);
      return external && viewOf(external);
    },
    crl({ external: { name }, crl }) {
      if (crl) return crl;
      throw new CaError('notFound', `The list of ${name} is made elsewhere and was not imported yet.`);
    },
  };
}
