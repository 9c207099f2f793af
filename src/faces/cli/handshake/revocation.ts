/** What is said of the revocation of every certificate that was shown: by a stapled answer, given lists, and those who are asked. */
import type { X509Certificate } from 'node:crypto';
import { type Asked, wordOfCrl, wordOfOcsp } from '../../../domain/diagnosis/judge-revocation.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { isIssuedBy } from '../../../domain/x509/issued-by.ts';
import { askWhereItSays } from './ask-revocation.ts';
import { chainOf, type RevocationSaid, type Seen } from './seen.ts';

export interface GivenList {
  readonly name: string;
  readonly der: Uint8Array;
}

export interface RevocationSources {
  readonly lists: readonly GivenList[];
  /** Whether to ask over the network, where the certificates say. */
  readonly ask: boolean;
  readonly timeoutMs: number;
}

/** In the order of the chains; nothing of roots, which nobody revokes, and of certificates whose issuer is not here. */
export async function revocationSaid(
  seen: Omit<Seen, 'revocation'>,
  sources: RevocationSources,
): Promise<RevocationSaid[]> {
  const said: RevocationSaid[] = [];
  for (const side of ['server', 'client'] as const) {
    const chain = chainOf(seen, side);
    for (const certificate of distinct(chain)) {
      const issuer = [...chain, ...seen.roots].find((other) => isIssuedBy(certificate, other));
      if (!issuer || issuer.raw.equals(certificate.raw)) continue;
      const asked = { certificate, issuer, now: Math.floor(seen.nowMs / 1000) };
      const stapled = side === 'server' && certificate === chain[0] ? seen.result.stapled : undefined;
      const words = await wordsOf(asked, stapled, sources);
      said.push(...words.map((word) => ({ side, certificate, ...word })));
    }
  }
  return said;
}

/** Some servers send their own certificate twice. */
export const distinct = (chain: readonly X509Certificate[]): X509Certificate[] =>
  chain.filter((one, index) => chain.findIndex(({ raw }) => raw.equals(one.raw)) === index);

type Word = Pick<RevocationSaid, 'by' | 'word'>;

async function wordsOf(asked: Asked, stapled: string | undefined, sources: RevocationSources): Promise<Word[]> {
  const words: Word[] = [];
  if (stapled !== undefined) {
    words.push({ by: 'the stapled OCSP answer', word: await wordOfOcsp(Buffer.from(stapled, 'base64'), asked) });
  }
  for (const { name, der } of sources.lists) {
    const word = await wordOfCrl(der, asked);
    if (word) words.push({ by: `the list ${printable(name, 300)}`, word });
  }
  return sources.ask ? [...words, ...(await askWhereItSays(asked, sources.timeoutMs))] : words;
}

/** `since 2026-11-21T07:00:00Z, says the list crl.pem`. */
export function revocationInWords({ by, word }: RevocationSaid): string {
  if (word.state !== 'revoked') return '';
  return `since ${new Date(word.at * 1000).toISOString().slice(0, 19)}Z, says ${by}`;
}
