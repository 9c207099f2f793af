/** What the service sends as a stream, to stdout or into a new file. */
import { ClientFailure } from '../../../client/failure.ts';
import { CliError } from '../cli-error.ts';
import { writeNewFile } from '../new-file.ts';
import type { Session } from '../session.ts';
import { onInterrupt } from './interrupt.ts';
import type { TextSink } from './io.ts';
import { sizeInWords } from './words.ts';

/** Rejects before the first chunk if the service refuses. */
type Read = () => Promise<AsyncIterable<Uint8Array> | Iterable<Uint8Array>>;

/** `out` is the name of a file that there is not yet; stdout if undefined. */
export async function writeStream(session: Session, out: string | undefined, read: Read): Promise<void> {
  if (out === undefined) await writeText(session.io.stdout, await read());
  else await writeFile(session, session.path(out), read);
}

/** Text as it comes, and only as fast as it is taken. Resolves to how many lines it had. */
export async function writeText(sink: TextSink, chunks: Awaited<ReturnType<Read>>): Promise<number> {
  const decoder = new TextDecoder();
  let lines = 0;
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    lines += text.split('\n').length - 1;
    await taken(sink, text);
  }
  return lines;
}

/** Streams of Node say false when they want no more for now, and `drain` when they do again. */
async function taken(sink: TextSink, text: string): Promise<void> {
  if (sink.write(text) === false && sink.once)
    await new Promise<void>((drained) => sink.once!('drain', () => drained()));
}

/** The file is whole and on the disk, or not there: what was begun goes with the error that ended it, or the signal. */
async function writeFile(session: Session, file: string, read: Read): Promise<void> {
  const chunks = await read();
  let interrupted = false;
  const restoreSignals = onInterrupt(() => {
    interrupted = true;
  });
  let octets = 0;
  let shown = '';
  try {
    await writeNewFile(file, 0o600, async (handle) => {
      for await (const chunk of chunks) {
        if (interrupted) throw new CliError('declined', `Interrupted; ${file} was not written.`);
        // Not `write`, which is content with less where a disk has no room for all of it.
        await handle.writeFile(chunk).catch((error: unknown) => {
          throw notComplete(file, error);
        });
        octets += chunk.length;
        const size = sizeInWords(octets);
        if (session.io.isTty) session.io.stderr.write(`\r${size.padEnd(shown.length)}`);
        shown = size;
      }
    });
  } catch (error) {
    throw toldOf(file, error, octets);
  } finally {
    restoreSignals();
    // What comes next, be it an error, begins on an empty line.
    if (session.io.isTty && shown !== '') session.io.stderr.write(`\r${' '.repeat(shown.length)}\r`);
  }
  session.note([`Written: ${file} (${sizeInWords(octets)})`]);
}

/** What the disk says, in words; what the service said, and what was said before, stays. */
function toldOf(file: string, error: unknown, octets: number): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST')
    return new CliError('fileExists', `${file} exists already. Name another file, or remove it.`, error);
  if (syscall === undefined || error instanceof CliError || error instanceof ClientFailure) return error;
  if (octets > 0) return notComplete(file, error);
  return new CliError('folderUnwritable', `${file} cannot be written. Check its folder’s owner and mode.`, error);
}

const notComplete = (file: string, error: unknown): CliError => {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  return new CliError(
    'outputUnwritable',
    `${file} could not be written to its end (${code}), and is gone. Make room on its disk.`,
    error,
  );
};
