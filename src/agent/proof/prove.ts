/** Proof that a program serves a new certificate: new TLS connections until one shows it, or the time is over. */
import { setTimeout as pause } from 'node:timers/promises';
import { openCertificate } from '../../domain/x509/open-certificate.ts';
import { endpointOf } from './endpoint.ts';
import { type KeyKind, look, type Sight } from './look.ts';
import type { Proof } from './proof-schema.ts';

export type ProofOutcome =
  | { readonly kind: 'proved'; readonly serial: string; readonly protocol: string }
  | { readonly kind: 'failed'; readonly servedSerial: string | null; readonly reason: string };

export interface Expected {
  /** Of the new certificate, in canonical text. */
  readonly serial: string;
  /** Roots by which the server's chain must be good. */
  readonly trustPem: string;
  /** What is shown to a server that asks, when the proof says so; by its key a server with several certificates is asked for it. */
  readonly own?: { readonly certPem: string; readonly keyPem: string };
  readonly signal: AbortSignal;
}

const pauseMs = 250;
/**
 * One handshake speaks for one worker: Kafka has a copy of its stores in each network thread, three of them by default, and
 * was seen to serve old and new side by side for a second. Threads take connections in turn.
 */
const handshakesInARow = 4;
/** A last attempt is not cut short by the end of the time: its reason is what a person reads. */
const attemptMs = { least: 2000, most: 10_000 };

/**
 * Answers `proved` as soon as several handshakes in a row show the serial, for the right name and under the given roots;
 * otherwise `failed`, with what was seen last. Rejects only with the signal's reason, when that aborts.
 */
export async function prove(proof: Proof, expected: Expected): Promise<ProofOutcome> {
  const until = performance.now() + (proof.withinSeconds ?? 30) * 1000;
  let only: KeyKind;
  let failed: Extract<ProofOutcome, { kind: 'failed' }> | undefined;
  for (let inARow = 0; ; ) {
    const left = until - performance.now();
    const timeoutMs = Math.min(Math.max(left, attemptMs.least), attemptMs.most);
    const sight = await look(proof, { ...expected, timeoutMs, only });
    expected.signal.throwIfAborted();
    const reason = objection(sight, proof, expected.serial);
    if (reason === undefined) {
      inARow += 1;
      if (inARow < handshakesInARow) continue;
      return { kind: 'proved', serial: expected.serial, protocol: sight.protocol ?? 'TLS' };
    }
    inARow = 0;
    // What any client sees is what a person wants to read, not what became of asking for one kind of key alone.
    if (only === undefined) failed = { kind: 'failed', servedSerial: sight.certificate?.serial ?? null, reason };
    if (failed && performance.now() + pauseMs >= until) return failed;
    only = only === undefined ? kindToAskFor(sight, expected) : undefined;
    await pause(pauseMs, undefined, { signal: expected.signal }).catch(() => expected.signal.throwIfAborted());
  }
}

/** A server with several certificates may have shown another one than the target's: undefined when it was of the same kind. */
function kindToAskFor({ certificate }: Sight, { own }: Expected): KeyKind {
  if (!certificate || !own) return undefined;
  const wanted = openCertificate(own.certPem).publicKey.asymmetricKeyType;
  return certificate.key === wanted ? undefined : wanted;
}

/** Why this handshake proves nothing, in a sentence; undefined when it does. */
function objection({ certificate, trouble }: Sight, proof: Proof, serial: string): string | undefined {
  const where = endpointOf(proof);
  if (!certificate) return `${where} showed no certificate: ${trouble ?? 'the connection ended'}`;
  if (certificate.serial !== serial) {
    return `${where} shows ${certificate.subject}, serial ${certificate.serial}, not the new ${serial}: it has not taken its new files, or is another server`;
  }
  return trouble === undefined ? undefined : `${where} shows the new certificate, but ${trouble}`;
}
