/** Which keys show whether a token that failed works again, and whether it failed or only one of its keys. */
import { faultOf } from './token-fault.ts';
import type { TokenActs } from './token-messages.ts';

type SignTakes = TokenActs['sign']['takes'];

/** No certificate, list or answer: nothing that anybody would believe. */
const probe = Buffer.from('Privyseal probe');

export class ProbeKeys {
  /** When each key last signed, by its public key, in monotonic milliseconds. */
  readonly #worked = new Map<string, { readonly takes: SignTakes; readonly at: number }>();
  /** Keys that fail while others sign: whatever that is, the token is there. */
  readonly #bad = new Set<string>();
  #suspect: SignTakes | undefined;

  worked(takes: TokenActs[keyof TokenActs]['takes']): void {
    if (!isSignature(takes)) return;
    const { publicKeySha256 } = takes.key;
    this.#worked.set(publicKeySha256, { takes: { ...takes, tbs: probe }, at: performance.now() });
    this.#bad.delete(publicKeySha256);
  }

  /** Whether what was asked at that time (monotonic milliseconds), and lost twice, says anything of the whole token. */
  concernsAll(takes: TokenActs[keyof TokenActs]['takes'], asked: number): boolean {
    this.#suspect = undefined;
    if (!isSignature(takes)) return true;
    const { publicKeySha256 } = takes.key;
    const others = [...this.#worked].filter(([sha256, { at }]) => sha256 !== publicKeySha256 && at > asked);
    if (others.length > 0) this.#bad.add(publicKeySha256);
    if (this.#bad.has(publicKeySha256)) return false;
    this.#suspect = { ...takes, tbs: probe };
    return true;
  }

  /** Resolves when the token signs, be it with another key than the one that failed. */
  async try(sign: (takes: SignTakes) => Promise<unknown>): Promise<void> {
    const suspect = this.#suspect;
    if (!suspect || (await isThere(sign(suspect)))) return;
    const { publicKeySha256 } = suspect.key;
    const other = [...this.#worked].findLast(([sha256]) => sha256 !== publicKeySha256)?.[1];
    await sign(other?.takes ?? suspect);
    if (other) this.#bad.add(publicKeySha256);
  }
}

const isSignature = (takes: TokenActs[keyof TokenActs]['takes']): takes is SignTakes =>
  takes !== null && 'tbs' in takes;

/** Every answer but that the token is lost is one of a token. */
const isThere = (signing: Promise<unknown>): Promise<boolean> =>
  signing.then(
    () => true,
    (error: unknown) => faultOf(error, 'Signing').kind !== 'lost',
  );
