/** The passphrase split by Shamir's scheme: any `threshold` shares give it, fewer say nothing of it (docs/keys.md). */
import { combine, split } from 'shamir-secret-sharing';
import { StartError } from '../../domain/errors.ts';
import type { SecretConsole } from '../../ports/secret-console.ts';
import { forgedShares, type ShareSet } from './share-set.ts';
import { formatShare, parseShare, placeOf, type Share, type ShareFault } from './share-text.ts';

/** One text a share, by place. `shares` and `threshold` from 2 to 255, the second not above the first. */
export async function splitPassphrase(
  passphrase: string,
  { set, shares, threshold }: ShareSet,
): Promise<readonly string[]> {
  const secret = new TextEncoder().encode(passphrase);
  try {
    const parts = await split(secret, shares, threshold);
    return parts.map((octets) => formatShare({ set, threshold, octets }));
  } finally {
    secret.fill(0);
  }
}

/** A person mistypes; somebody who tries at random does not get far with a checksum of 32 bits either. */
const mostMistakes = 20;

/** Asks until there are enough. StartError `sharesMissing` when no more come, `shareUnusable` after too many mistakes. */
export async function askForShares(set: ShareSet, console: SecretConsole): Promise<string> {
  const given = new Map<number, Share>();
  const mistakes: string[] = [];
  while (given.size < set.threshold) {
    const line = await console.ask(`Share ${given.size + 1} of ${set.threshold} (set ${set.set}): `);
    if (line === undefined) throw tooFew(set, given.size, mistakes);
    const share = judge(line, set, given);
    if (typeof share !== 'string') given.set(placeOf(share), share);
    else {
      mistakes.push(share);
      console.tell(share);
      if (mistakes.length === mostMistakes)
        throw new StartError('shareUnusable', `${mostMistakes} lines were no shares of this set; the last: ${share}`);
    }
  }
  return passphraseOf([...given.values()]);
}

/** The share, or what is wrong with the line. */
function judge(line: string, { set }: ShareSet, given: ReadonlyMap<number, Share>): Share | string {
  const share = parseShare(line);
  if (typeof share === 'string') return faults[share];
  if (share.set !== set) return `That share is of the set ${share.set}; this vault was split into the set ${set}.`;
  if (given.has(placeOf(share))) return 'That share was given already.';
  return share;
}

const faults: Readonly<Record<ShareFault, string>> = {
  notAShare: 'That is no share: it is letters and digits in groups of five, all in one line.',
  mistyped: 'That share was mistyped: its checksum does not fit. Compare it letter by letter.',
};

function tooFew({ set, shares, threshold }: ShareSet, count: number, mistakes: readonly string[]): StartError {
  const wrong = mistakes.map((mistake) => `\n- ${mistake}`).join('');
  return new StartError(
    'sharesMissing',
    `The passphrase of this vault is split (set ${set}): ${threshold} of its ${shares} shares are needed, and ${count} were given. ` +
      `Start at a console and type them, or pipe them in, one a line.${wrong}`,
  );
}

async function passphraseOf(shares: readonly Share[]): Promise<string> {
  let secret: Uint8Array | undefined;
  try {
    secret = await combine(shares.map(({ octets }) => octets));
    return new TextDecoder('utf-8', { fatal: true }).decode(secret);
  } catch {
    throw new StartError('shareUnusable', forgedShares);
  } finally {
    // Also of what is no text: all but one of its shares may be good.
    secret?.fill(0);
  }
}
