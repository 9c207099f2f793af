/** Asks about a certificate where it says itself: its OCSP responder, and its CRL when that tells nothing. */
import { type Asked, type RevocationWord, wordOfCrl, wordOfOcsp } from '../../../domain/diagnosis/judge-revocation.ts';
import { encodeOcspRequest } from '../../../domain/ocsp/request.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { parseForeignCertificate } from '../../../domain/x509/certificate.ts';
import { oids } from '../../../domain/x509/oids.ts';
import { decodeAuthorityInfoAccess, decodeCrlDistributionPoints } from '../../../domain/x509/read-addresses.ts';
import { parseSerial } from '../../../domain/x509/serial.ts';

interface Answered {
  readonly by: string;
  readonly word: RevocationWord;
}

const largestAnswer = 64 * 1024 * 1024;

const nobodyToAsk: Answered = {
  by: 'the certificate',
  word: { state: 'unknown', because: 'it names neither an OCSP responder nor a CRL over HTTP' },
};

/** At least one word; the last one counts. */
export async function askWhereItSays(asked: Asked, timeoutMs: number): Promise<Answered[]> {
  const { responders, lists } = addressesOf(asked);
  const answers: Answered[] = [];
  for (const url of responders) {
    answers.push(await answerOf(`OCSP at ${url}`, () => askResponder(url, asked, timeoutMs)));
    if (isKnown(answers)) return answers;
  }
  for (const url of lists) {
    answers.push(await answerOf(`the list at ${url}`, () => fetchList(url, asked, timeoutMs)));
    if (isKnown(answers)) return answers;
  }
  return answers.length === 0 ? [nobodyToAsk] : answers;
}

const isKnown = (answers: readonly Answered[]): boolean => answers.at(-1)?.word.state !== 'unknown';

/** RFC 5280 §8: over plain HTTP, for what is fetched is signed; of other schemes nothing is asked. */
function addressesOf({ certificate }: Asked): { responders: readonly string[]; lists: readonly string[] } {
  try {
    const { extensions } = parseForeignCertificate(certificate.raw);
    const access = extensions.get(oids.authorityInfoAccess);
    const points = extensions.get(oids.cRLDistributionPoints);
    const responders = access ? decodeAuthorityInfoAccess(access.value) : [];
    const isHttp = (url: string): boolean => URL.parse(url)?.protocol === 'http:';
    return {
      responders: responders.filter(({ method, url }) => method === oids.idAdOcsp && isHttp(url)).map(({ url }) => url),
      lists: points ? decodeCrlDistributionPoints(points.value).filter(isHttp) : [],
    };
  } catch {
    // One that cannot be read names nobody to ask.
    return { responders: [], lists: [] };
  }
}

async function answerOf(by: string, ask: () => Promise<RevocationWord>): Promise<Answered> {
  const shown = printable(by, 300);
  try {
    return { by: shown, word: await ask() };
  } catch (error) {
    return { by: shown, word: { state: 'unknown', because: `nothing usable came (${causeOf(error)})` } };
  }
}

/** `fetch` says what happened in the cause of its error. */
function causeOf(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: { code?: string } };
  return cause?.code ?? message;
}

async function askResponder(url: string, asked: Asked, timeoutMs: number): Promise<RevocationWord> {
  const { subject, spkiDer } = parseForeignCertificate(asked.issuer.raw);
  const body = encodeOcspRequest({ subjectDer: subject.der, spkiDer }, parseSerial(asked.certificate.serialNumber)!);
  const headers = { 'content-type': 'application/ocsp-request' };
  return wordOfOcsp(await octetsOf(url, { method: 'POST', body: new Uint8Array(body), headers }, timeoutMs), asked);
}

async function fetchList(url: string, asked: Asked, timeoutMs: number): Promise<RevocationWord> {
  const word = await wordOfCrl(await octetsOf(url, {}, timeoutMs), asked);
  return word ?? { state: 'unknown', because: 'another authority issued it' };
}

async function octetsOf(url: string, options: RequestInit, timeoutMs: number): Promise<Uint8Array> {
  const response = await fetch(url, { ...options, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > largestAnswer) throw new Error(`more than ${largestAnswer} octets`);
  }
  return Buffer.concat(chunks);
}
