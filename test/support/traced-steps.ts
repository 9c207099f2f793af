/** What a program makes durable, in which order, as strace sees it. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from './judges.ts';
import { temporaryFolder } from './temporary-folder.ts';

const call = /\b(fsync|fdatasync|rename|renameat|renameat2|link|linkat|write)\((.*)\) += \d/;

/**
 * The steps of an ES module below `folder`, as `fsync NAME`, `rename NAME` with the new name, `link NAME`; and each line
 * that it writes to its standard output as it is. Random parts of names are `*`. For tests that need strace.
 */
export async function tracedSteps(script: string, folder: string): Promise<string[]> {
  const trace = join(temporaryFolder().path, 'trace');
  const traced = ['-f', '-y', '-e', 'trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat,write', '-o', trace];
  const program = [process.execPath, '--input-type=module', '-e', script];
  const { code, stderr } = await run('strace', [...traced, ...program], { timeoutMs: 300_000 });
  if (code !== 0) throw new Error(stderr);
  const lines = readFileSync(trace, 'utf8').split('\n');
  return wholeCalls(lines).flatMap((line) => stepOf(line, folder) ?? []);
}

/** A call that another thread came between is two lines; it counts when it has returned. */
function wholeCalls(lines: readonly string[]): string[] {
  const begun = new Map<string, string>();
  return lines.flatMap((line) => {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (rest.endsWith('<unfinished ...>')) {
      begun.set(thread, rest.slice(0, -'<unfinished ...>'.length).trimEnd());
      return [];
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    return resumed ? [`${begun.get(thread) ?? ''}${resumed[1]}`] : [rest];
  });
}

function stepOf(line: string, folder: string): string | undefined {
  const [, name = '', given = ''] = call.exec(line) ?? [];
  const nameOf = (path: string): string => basename(path).replace(/[0-9a-f]{16}/, '*');
  if (name === 'write') return /^1<[^>]*>, "(.*)\\n"/.exec(given)?.[1];
  if (name.endsWith('sync')) {
    const [, path = ''] = /<([^>]*)>/.exec(given) ?? [];
    return path.startsWith(folder) ? `fsync ${nameOf(path)}` : undefined;
  }
  const paths = [...given.matchAll(/"([^"]*)"/g)].map(([, path]) => path!);
  return paths[1]?.startsWith(folder)
    ? `${name.startsWith('rename') ? 'rename' : 'link'} ${nameOf(paths[1])}`
    : undefined;
}
