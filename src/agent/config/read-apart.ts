/** Reads the agent's file in a process that ends with it: the YAML library would stay in the memory of the daemon for good. */
import { execFile } from 'node:child_process';
import { StartError } from '../../domain/errors.ts';
import type { AgentFile } from './agent-schema.ts';

/** A file of some hundred targets. */
const longest = 64 * 1024 * 1024;
const timeoutMs = 60_000;

type Told = { readonly file: AgentFile } | { readonly complaint: string };

/** As `loadAgentFile`; `args`: of a process that does what `tellFile` does. */
export async function readApart(args: readonly string[]): Promise<AgentFile> {
  const text = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { maxBuffer: longest, timeout: timeoutMs }, (error, stdout) =>
      error
        ? reject(new StartError('badConfiguration', `The agent’s file could not be read: ${error.message}`))
        : resolve(stdout),
    );
  });
  const told = JSON.parse(text) as Told;
  if ('complaint' in told) throw new StartError('badConfiguration', told.complaint);
  return told.file;
}

/** What `readApart` reads. */
export async function tellFile(path: string): Promise<string> {
  const { loadAgentFile } = await import('./load-agent-file.ts');
  try {
    return JSON.stringify({ file: await loadAgentFile(path) } satisfies Told);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return JSON.stringify({ complaint: error.message } satisfies Told);
  }
}
