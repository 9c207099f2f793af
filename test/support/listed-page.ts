/** A page of certificates as its reader has it: the services give the text that the face sends. */
import type { CertificateSummary } from '../../src/api/certificate.ts';
import type { Caller } from '../../src/services/caller.ts';
import type { CertificatePage, ListInput, Services } from '../../src/services/services.ts';

export type ListedPage = Omit<CertificatePage, 'text'> & { readonly items: readonly CertificateSummary[] };

export async function listedPage(
  services: Pick<Services, 'listCertificates'>,
  caller: Caller,
  input: ListInput,
): Promise<ListedPage> {
  const { text, ...page } = await services.listCertificates(caller, input, 'json');
  const items = JSON.parse(`[${Buffer.from(text).toString().replace(/,$/, '')}]`) as CertificateSummary[];
  return { ...page, items };
}
