/** From a passphrase to the key that seals the vault's files: argon2id (RFC 9106), bounded, off the event loop. */
import { argon2, createSecretKey, type KeyObject } from 'node:crypto';

/** Stored in every sealed file and bound to it as additional data. */
export interface KeyDerivation {
  readonly name: 'argon2id';
  readonly memoryKiB: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Uint8Array;
}

export type DerivationCost = Pick<KeyDerivation, 'memoryKiB' | 'passes' | 'parallelism'>;

/** RFC 9106 §4, second recommended option; measured in docs/keys.md. */
export const defaultCost: DerivationCost = { memoryKiB: 65_536, passes: 3, parallelism: 4 };

/**
 * For a passphrase of 256 random bits that the service made itself: nobody guesses it, however cheap a guess is, so that
 * stretching it would only cost every start 0.2 s of processor time. The least that argon2id takes (RFC 9106 §3.1).
 */
export const randomPassphraseCost: DerivationCost = { memoryKiB: 8, passes: 1, parallelism: 1 };

/** RFC 9106 §3.1 asks for 16 octets for password hashing. */
export const saltLength = 16;

/** What a file may make us spend before anything of it is authenticated: 256 MiB, and about six times the default's work. */
const limits = { memoryKiB: 262_144, passes: 16, parallelism: 16, work: 1_048_576 };

/** True for parameters that argon2id takes and that a damaged or forged file cannot exhaust this machine with. */
export function isAcceptable({ memoryKiB, passes, parallelism, salt }: KeyDerivation): boolean {
  return (
    isBetween(parallelism, 1, limits.parallelism) &&
    isBetween(memoryKiB, 8 * parallelism, limits.memoryKiB) &&
    isBetween(passes, 1, limits.passes) &&
    memoryKiB * passes <= limits.work &&
    salt.length === saltLength
  );
}

const isBetween = (value: number, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && value >= least && value <= most;

/** A 256-bit key; costs `memoryKiB` of memory and a thread of the pool while it runs. */
export async function deriveKey(passphrase: string, derivation: KeyDerivation): Promise<KeyObject> {
  const message = Buffer.from(passphrase, 'utf8');
  const { memoryKiB: memory, passes, parallelism, salt: nonce } = derivation;
  const options = { message, nonce, memory, passes, parallelism, tagLength: 32 };
  try {
    const key = await new Promise<Buffer>((done, failed) =>
      argon2(derivation.name, options, (error, derived) => (error ? failed(error) : done(derived))),
    );
    return takeSecret(key);
  } finally {
    message.fill(0);
  }
}

/** Moves octets into a KeyObject, which no inspection prints, and wipes them. */
function takeSecret(octets: Buffer): KeyObject {
  try {
    return createSecretKey(octets);
  } finally {
    octets.fill(0);
  }
}
