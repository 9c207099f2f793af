/** docs/operating.md lists the files of the home: a fresh one holds exactly these, with these modes. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Exit, type RunningService, startService } from './support/running-service.ts';

interface Listed {
  readonly pattern: RegExp;
  readonly name: string;
  readonly mode: string;
}

const page = readFileSync(new URL('../docs/operating.md', import.meta.url), 'utf8');
const section = page.slice(page.indexOf('## Files of the home'), page.indexOf('## Is it well?'));

/** A word in capitals stands for any name. */
const listed: readonly Listed[] = Array.from(section.matchAll(/^\| (`[^|]+`) \| (0\d{3}) \|/gm), ([, names, mode]) =>
  Array.from(names!.matchAll(/`([^`]+)`/g), ([, name]) => {
    const text = name!.replaceAll('.', '\\.').replace(/[A-Z]+/, '[a-z0-9.-]+');
    return { pattern: new RegExp(`^${text}$`), name: name!, mode: mode! };
  }),
).flat();

/** Files with their modes, and the modes of folders. */
function contentOf(home: string): { files: Map<string, string>; folders: Set<string> } {
  const files = new Map<string, string>();
  const folders = new Set<string>();
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const mode = `0${(statSync(path).mode & 0o777).toString(8)}`;
    if (entry.isDirectory()) folders.add(mode);
    else files.set(relative(home, path), mode);
  }
  return { files, folders };
}

let service: RunningService;
let running: ReturnType<typeof contentOf>;
let exit: Exit;

beforeAll(async () => {
  service = await startService();
  running = contentOf(service.home);
  exit = await service.stop();
});
afterAll(() => service?.dispose());

describe('a fresh home', () => {
  it('holds nothing that is not listed, and all with their modes', () => {
    const wrong = [...running.files].filter(
      ([name, mode]) => !listed.some((each) => each.pattern.test(name) && each.mode === mode),
    );
    expect(wrong).toEqual([]);
    expect([...running.folders, `0${(statSync(service.home).mode & 0o777).toString(8)}`]).toEqual(['0700', '0700']);
  });

  it('holds everything that is listed, while its service runs or after it', () => {
    const names = [...running.files.keys(), ...contentOf(service.home).files.keys()];
    expect(listed.filter(({ pattern }) => !names.some((name) => pattern.test(name)))).toEqual([]);
  });

  it('loses when the service stops what is there only while it runs', () => {
    const left = [...contentOf(service.home).files.keys()];
    expect(exit.code).toBe(0);
    const gone = [...running.files.keys()].filter((name) => !left.includes(name));
    expect(gone.toSorted()).toEqual(['privyseal.db-shm', 'privyseal.db-wal', 'privyseal.pid']);
  });
});
