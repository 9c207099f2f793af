/** One file from the distribution face, whole and of bounded size: what is in it is signed, so that plain HTTP will do. */
import type { IncomingMessage } from 'node:http';
import { AgentError } from '../agent-error.ts';

const largest = 64 * 1024 * 1024;
const longestMs = 30_000;

/** AgentError `crlMissing` for 404, `distributionUnreachable` when no whole answer comes in time, or another than 200. */
export async function fetchOctets(url: string, signal: AbortSignal, withinMs = longestMs): Promise<Uint8Array> {
  const limit = AbortSignal.timeout(withinMs);
  try {
    return await fetched(url, AbortSignal.any([signal, limit]));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AgentError) throw error;
    const { code, name } = error as NodeJS.ErrnoException;
    // Node tells of an answer that was given up in its middle as one that the other side broke off.
    if (limit.aborted) {
      const slow = `${url} was not fetched whole within ${withinMs / 1000} s. Is the distribution face overloaded, or the way to it slow?`;
      throw new AgentError('distributionUnreachable', slow, error);
    }
    const message = `${url} cannot be fetched (${code ?? name}). Is the distribution face running there?`;
    throw new AgentError('distributionUnreachable', message, error);
  }
}

async function fetched(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const { get } = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { signal, agent: false }, resolve).on('error', reject);
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largest) throw new AgentError('distributionUnreachable', `${url} is larger than any CRL should be.`);
    chunks.push(chunk);
  }
  if (response.statusCode === 200) return Buffer.concat(chunks);
  const code = response.statusCode === 404 ? 'crlMissing' : 'distributionUnreachable';
  throw new AgentError(code, `${url} answered ${response.statusCode}, not 200.`);
}
