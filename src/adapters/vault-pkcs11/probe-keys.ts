/** Which keys show whether a token that failed works again, and whether it failed or only one of its keys. */
import { faultOf, type TokenFault } from './token-fault.ts';
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
    // Anew, so that the last one is last.
    this.#worked.delete(publicKeySha256);
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

  /** Resolves when the token signs, be it with another key than the one that failed: the one that signed last, of those still there. */
  async try(sign: (takes: SignTakes) => Promise<unknown>): Promise<void> {
    const suspect = this.#suspect;
    // Every answer but that the token is lost is one of a token.
    if (!suspect || (await faultIn(sign(suspect)))?.kind !== 'lost') return;
    const { publicKeySha256 } = suspect.key;
    const others = [...this.#worked].filter(([sha256]) => sha256 !== publicKeySha256).reverse();
    for (const [sha256, { takes }] of others) {
      const fault = await faultIn(sign(takes));
      if (fault && fault.kind !== 'notFound') throw fault;
      if (!fault) return void this.#bad.add(publicKeySha256);
      // Destroyed since, as the last key of an authority that ended: it says nothing of those that are left.
      this.#worked.delete(sha256);
    }
    await sign(suspect);
  }
}

const isSignature = (takes: TokenActs[keyof TokenActs]['takes']): takes is SignTakes =>
  takes !== null && 'tbs' in takes;

/** Undefined for a signature. */
const faultIn = (signing: Promise<unknown>): Promise<TokenFault | undefined> =>
  signing.then(
    () => undefined,
    (error: unknown) => faultOf(error, 'Signing'),
  );
