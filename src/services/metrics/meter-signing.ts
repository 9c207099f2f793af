/** Measures signers and issuing without their knowing: how long, how many wait, how many failed, and since when. */
import type { Clock } from '../../ports/clock.ts';
import type { Signer } from '../../ports/vault.ts';
import type { IssueCertificate } from '../issuing/issue-certificate.ts';
import type { Measurements } from './measurements.ts';

export interface SigningMeter {
  /** The same signer, measured as that of `authority`. */
  signer(authority: string, signer: Signer): Signer;
  /** Signatures asked for and not made yet, by authority. */
  pending(): ReadonlyMap<string, number>;
  /** Authorities whose last signature failed a short while ago: without further tries nothing is known of them any more. */
  failing(): readonly string[];
}

interface Watch {
  pending: number;
  /** Monotonic milliseconds of the last failure; undefined once a signature succeeded. */
  failedAt: number | undefined;
}

/** How long one failure speaks for a signer that nobody asks again: readiness must come back by itself. */
const failureKeptMs = 30_000;

export function createSigningMeter(measurements: Measurements, clock: Pick<Clock, 'monotonic'>): SigningMeter {
  const watches = new Map<string, Watch>();

  const measured = async (authority: string, watch: Watch, sign: () => Promise<Uint8Array>): Promise<Uint8Array> => {
    const startedAt = clock.monotonic();
    watch.pending++;
    try {
      const signature = await sign();
      measurements.signed(authority, (clock.monotonic() - startedAt) / 1000);
      watch.failedAt = undefined;
      return signature;
    } catch (error) {
      measurements.signerFailed(authority);
      watch.failedAt = clock.monotonic();
      throw error;
    } finally {
      watch.pending--;
    }
  };

  return {
    signer(authority, signer) {
      const watch = watches.get(authority) ?? { pending: 0, failedAt: undefined };
      watches.set(authority, watch);
      measurements.hasSigner(authority);
      const { key, algorithm } = signer;
      return {
        key,
        algorithm,
        sign: (tbs) => measured(authority, watch, () => signer.sign(tbs)),
        refusal: () => signer.refusal?.(),
      };
    },
    pending: () => new Map([...watches].map(([authority, { pending }]) => [authority, pending])),
    failing() {
      const since = clock.monotonic() - failureKeptMs;
      return [...watches].flatMap(([name, { failedAt = since }]) => (failedAt > since ? [name] : []));
    },
  };
}

/** Counts what was issued and how long that took; what was refused is counted where it is answered. */
export function meterIssuing(
  issue: IssueCertificate,
  measurements: Measurements,
  clock: Pick<Clock, 'monotonic'>,
): IssueCertificate {
  return async (input) => {
    const startedAt = clock.monotonic();
    const outcome = await issue(input);
    if (outcome.kind === 'issued') {
      const { environment, prepared } = input;
      const seconds = (clock.monotonic() - startedAt) / 1000;
      measurements.issued({ environment: environment ?? 'system', profile: prepared.profile, seconds });
    }
    return outcome;
  };
}
