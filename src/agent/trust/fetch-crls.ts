/** CRLs of every authority of an environment, from the distribution face: each checked by its authority's certificate. */
import type { X509Certificate } from 'node:crypto';
import type { AuthorityJson } from '../../api/service.ts';
import { decodePemAll } from '../../domain/der/pem.ts';
import { openCertificate } from '../../domain/x509/open-certificate.ts';
import { parseSubjectPublicKey, verifySignatureSync } from '../../domain/x509/public-key.ts';
import { type ForeignCrl, parseForeignCrl } from '../../domain/x509/read-crl.ts';
import { findSignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import { AgentError } from '../agent-error.ts';
import { fetchOctets } from './fetch-octets.ts';

export interface CrlSource {
  /** Of one of the authorities, as its certificates say. */
  readonly crlUrl: string;
  /** Instead of the host in it. */
  readonly distributionUrl: string | undefined;
  /** Those of the environment; from where they are trusted already. */
  readonly authorities: readonly AuthorityJson[];
  /** Unix milliseconds. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** Its list, or why that cannot be had. */
export type FetchedList = { readonly authority: AuthorityJson } & (
  | {
      readonly der: Uint8Array;
      /** Unix seconds. */
      readonly thisUpdate: number;
    }
  | { readonly why: AgentError }
);

/** Of each authority, in their order: one whose list is made elsewhere, and late, keeps nobody from those of the others. AgentError. */
export async function fetchCrls(source: CrlSource): Promise<readonly FetchedList[]> {
  if (source.authorities.length === 0)
    throw new AgentError(
      'crlMissing',
      'The service names no authority of the environment, whose lists there could be.',
    );
  const base = source.distributionUrl?.replace(/\/$/, '') ?? source.crlUrl.replace(/\/crl\/[^/]+$/, '');
  return Promise.all(
    source.authorities.map(async (authority): Promise<FetchedList> => {
      const url = `${base}/crl/${encodeURIComponent(authority.name)}.crl`;
      try {
        const der = await fetchOctets(url, source.signal).catch(orImportFirst(authority));
        const { thisUpdate } = usable(url, der, { authority, now: source.now });
        return { authority, der, thisUpdate };
      } catch (why) {
        if (!(why instanceof AgentError)) throw why;
        return { authority, why };
      }
    }),
  );
}

/** What is made elsewhere is not there before somebody has imported it; of ours there is always one. */
const orImportFirst =
  ({ name, role }: AuthorityJson) =>
  (error: unknown): never => {
    if (role !== 'external' || !(error instanceof AgentError) || error.code !== 'crlMissing') throw error;
    const message = `The service has no list of ${name}, whose key is elsewhere, yet. Have an operator import it (\`privyseal authority import-crl ${name} FILE\`), or leave crl.pem out.`;
    throw new AgentError('crlMissing', message, error);
  };

function usable(
  url: string,
  der: Uint8Array,
  { authority, now }: { authority: AuthorityJson; now: number },
): ForeignCrl {
  const crl = parsed(url, der);
  if (!isListOf(authority, crl)) {
    throw new AgentError('crlUnusable', `${url} is not signed by ${authority.name}. Something else answers there.`);
  }
  if (crl.nextUpdate * 1000 <= now) {
    const advice =
      authority.role === 'external'
        ? `Its key is elsewhere: have an operator import its newest list (\`privyseal authority import-crl ${authority.name} FILE\`).`
        : 'Check the clocks of both machines, and that the service publishes.';
    throw new AgentError(
      'crlUnusable',
      `${url} is over since ${new Date(crl.nextUpdate * 1000).toISOString()}. ${advice}`,
    );
  }
  return crl;
}

function issuerOf({ name, certificate }: AuthorityJson): X509Certificate {
  try {
    return openCertificate(certificate);
  } catch (error) {
    throw new AgentError('crlUnusable', `What the service gives as the certificate of ${name} is none.`, error);
  }
}

/** The service lets lists in that were made elsewhere, and those say some things differently from its own. */
function parsed(url: string, der: Uint8Array): ForeignCrl {
  try {
    return parseForeignCrl(der);
  } catch (error) {
    throw new AgentError('crlUnusable', `${url} is no CRL. Something else answers there.`, error);
  }
}

/** AgentError `crlUnusable` for an authority that is none. */
export function isListOf(authority: AuthorityJson, { tbs, signature, algorithmDer }: ForeignCrl): boolean {
  const algorithm = findSignatureAlgorithm(algorithmDer);
  const issuer = issuerOf(authority);
  if (!algorithm) return false;
  const publicKey = parseSubjectPublicKey(issuer.publicKey.export({ type: 'spki', format: 'der' }));
  return verifySignatureSync({ tbs, signature, algorithm, publicKey });
}

/** Of PEM that lay on a disk: none where somebody has changed it, for lists can be had again. */
export function keptLists(pem: string): ForeignCrl[] {
  if (pem === '') return [];
  try {
    return decodePemAll(pem, 'X509 CRL').map((der) => parseForeignCrl(der));
  } catch {
    return [];
  }
}

/** The earliest end of the lists in `pem`, Unix seconds; undefined without any. */
export function earliestNextUpdate(pem: string): number | undefined {
  const ends = keptLists(pem).map(({ nextUpdate }) => nextUpdate);
  return ends.length === 0 ? undefined : Math.min(...ends);
}
