/** A body of bounded size, read whole. */
import { failure } from './connection-failure.ts';

/** Throws ClientFailure `answerTooLarge` beyond `most` octets, and whatever ends the body early. */
export async function readWhole(body: AsyncIterable<Uint8Array>, most: number, host: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > most) throw failure('answerTooLarge', host);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
