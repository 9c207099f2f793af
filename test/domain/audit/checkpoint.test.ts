import { sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Checkpoint,
  checkpointText,
  completeNote,
  formatCheckpointNote,
  parseCheckpointNote,
} from '../../../src/domain/audit/checkpoint.ts';
import { createJudgeCheckpoint, proofOf } from '../../../src/domain/audit/checkpoint-trust.ts';
import { makeTestCertificate, testNow } from '../../support/test-hierarchy.ts';

const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const anyCheckpoint = fc.record({
  log: hash,
  seq: fc.integer({ min: 1, max: 10 ** 14 }),
  hash,
  at: fc.integer({ min: 0, max: Date.UTC(2200, 0) }),
});
const checkpoint: Checkpoint = { log: 'a'.repeat(64), seq: 12, hash: 'b'.repeat(64), at: testNow * 1000 };

const system = makeTestCertificate({
  now: testNow,
  commonName: 'Privyseal system',
  keyUsage: ['keyCertSign', 'cRLSign'],
  basicConstraints: { ca: true },
  days: 3650,
});
const stranger = makeTestCertificate({
  now: testNow,
  commonName: 'Privyseal system',
  keyUsage: ['keyCertSign', 'cRLSign'],
  basicConstraints: { ca: true },
  days: 3650,
});
type Certificate = typeof system;

const certified = (override: Partial<Parameters<typeof makeTestCertificate>[0]> = {}): Certificate =>
  makeTestCertificate({
    now: testNow,
    issuer: system,
    commonName: 'Privyseal audit log',
    keyUsage: ['digitalSignature'],
    extKeyUsage: ['documentSigning'],
    ...override,
  });

/** What the holder of the certificate's key can make. */
function noteBy(certificate: Certificate, given: Checkpoint = checkpoint): string {
  const text = checkpointText(given);
  return completeNote(
    formatCheckpointNote(text, sign('sha256', Buffer.from(text), certificate.key.privateKey)),
    certificate.der,
  );
}

const judge = createJudgeCheckpoint({ systemDers: [system.der] });
const judged = (note: string) => judge(proofOf(parseCheckpointNote(note)!));

describe('the note of a checkpoint', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(anyCheckpoint, fc.uint8Array({ minLength: 1, maxLength: 80 }), (given, signature) => {
        const text = checkpointText(given);
        const parsed = parseCheckpointNote(formatCheckpointNote(text, signature));
        expect(parsed).toMatchObject({ checkpoint: given, text, certificatePem: '' });
        expect(Buffer.from(parsed!.signature)).toEqual(Buffer.from(signature));
      }),
    );
  });

  it('begins with its kind and version, and never as DER does, so that neither is taken for the other', () => {
    fc.assert(
      fc.property(anyCheckpoint, (given) => {
        const octets = Buffer.from(checkpointText(given));
        expect(octets[0]).not.toBe(0x30);
        expect(octets.toString().split('\n')[0]).toBe('privyseal-audit-checkpoint/v1');
      }),
    );
  });

  it.each<[string, (note: string) => string]>([
    ['of another version', (note) => note.replace('/v1', '/v2')],
    ['with a number that has a leading zero', (note) => note.replace('seq 12', 'seq 012')],
    ['of an event before the first', (note) => note.replace('seq 12', 'seq 0')],
    ['with a time of another form', (note) => note.replace('.000Z', 'Z')],
    ['with a day that there is not', (note) => note.replace(/at \d{4}-\d\d-\d\d/, 'at 2026-02-30')],
    ['with CRLF', (note) => note.replaceAll('\n', '\r\n')],
    ['with a line more', (note) => note.replace('\n\n', '\nmore\n\n')],
    ['with text before it', (note) => `\n${note}`],
    ['with text after it', (note) => `${note}\n`],
    ['with a signature of another algorithm', (note) => note.replace('SHA256', 'SHA1')],
    ['with stray bits in its base64', (note) => note.replace(/AQ==\n$/, 'AR==\n')],
    ['without its signature', (note) => note.slice(0, note.indexOf('signature'))],
  ])('%s is none', (_what, change) => {
    const note = formatCheckpointNote(checkpointText(checkpoint), Uint8Array.of(1));
    expect(parseCheckpointNote(note)).toBeDefined();
    expect(change(note)).not.toBe(note);
    expect(parseCheckpointNote(change(note))).toBeUndefined();
  });
});

describe('trust in a checkpoint', () => {
  it('is given to the key that system certified for it', async () => {
    expect(await judged(noteBy(certified()))).toBeUndefined();
  });

  it.each<[string, () => string, RegExp]>([
    ['a key of another authority', () => noteBy(certified({ issuer: stranger })), /not certified/],
    ['a key that is certified for TLS', () => noteBy(certified({ extKeyUsage: ['serverAuth'] })), /something else/],
    [
      'a key that is certified for more',
      () => noteBy(certified({ extKeyUsage: ['documentSigning', 'clientAuth'] })),
      /something else/,
    ],
    [
      'a key that is certified for nothing in particular',
      () => noteBy(makeTestCertificate({ now: testNow, issuer: system, keyUsage: ['digitalSignature'] })),
      /something else/,
    ],
    [
      'an authority, whatever it is certified for',
      () => noteBy(certified({ basicConstraints: { ca: true } })),
      /something else/,
    ],
    ['system itself', () => noteBy(system), /something else/],
    [
      'a key before its time',
      () => noteBy(certified(), { ...checkpoint, at: (testNow - 90 * 86_400) * 1000 }),
      /not valid/,
    ],
    [
      'a key after its time',
      () => noteBy(certified(), { ...checkpoint, at: (testNow + 900 * 86_400) * 1000 }),
      /not valid/,
    ],
    [
      'somebody with a good certificate, but not its key',
      () => {
        const [note] = noteBy(stranger).split('-----BEGIN');
        return `${note}${certified().pem}`;
      },
      /not signed by the key/,
    ],
    ['nobody that says who', () => noteBy(certified()).replace(/-----BEGIN[\s\S]*$/, ''), /without the certificate/],
  ])('is not given to %s', async (_who, note, why) => {
    expect(await judged(note())).toMatch(why);
  });

  it('can be given to one key alone, whoever certified it', async () => {
    const own = certified({ issuer: stranger });
    const spki = own.key.spkiDer;
    const judgeKey = createJudgeCheckpoint({ publicKeyDer: spki });
    expect(await judgeKey(proofOf(parseCheckpointNote(noteBy(own))!))).toBeUndefined();
    expect(await judgeKey(proofOf(parseCheckpointNote(noteBy(certified()))!))).toMatch(/not signed by that public key/);
  });

  it('is lost with any change to what was signed', async () => {
    const whole = noteBy(certified());
    const text = checkpointText(checkpoint);
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: text.length - 1 }),
        fc.constantFrom(...'0123456789abcdef'),
        async (place, digit) => {
          fc.pre(whole[place] !== digit);
          const parsed = parseCheckpointNote(`${whole.slice(0, place)}${digit}${whole.slice(place + 1)}`);
          if (parsed) expect(await judge(proofOf(parsed))).toMatch(/not signed|not valid/);
        },
      ),
    );
  });
});
