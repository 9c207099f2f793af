/** The events of an export, line by line, from its octets in whatever pieces they come. */
import { type KeptEvent, parseExportLine } from './kept-event.ts';

/** An event's line has a few hundred octets; what is longer than this is none. */
const longestLine = 1024 * 1024;

/** A line that is no event comes as undefined; so does text after the last line feed, for an export ends with one. */
export async function* exportEvents(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly (KeptEvent | undefined)[]> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield lines.map(parseExportLine);
    if (rest.length > longestLine) break;
  }
  // With what the decoder still holds: the beginning of a character.
  if (rest + decoder.decode() !== '') yield [undefined];
}
