/** The file of the settings: `privyseal.yaml` in the folder of the start, or what PRIVYSEAL_CONFIG names. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { StartError } from './domain/errors.ts';

/** As they stand there; StartError `badConfiguration` where that is no text of settings. */
export async function readSettings(env: NodeJS.ProcessEnv, cwd: string): Promise<Record<string, unknown>> {
  const path = resolve(cwd, env.PRIVYSEAL_CONFIG || 'privyseal.yaml');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (!env.PRIVYSEAL_CONFIG && (cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new StartError(
      'badConfiguration',
      `${path} cannot be read. Correct PRIVYSEAL_CONFIG or the file’s mode.`,
      cause,
    );
  }
  const raw = await parse(path, text);
  if (raw === null || raw === undefined) return {};
  if (typeof raw !== 'object' || Array.isArray(raw)) {
    throw new StartError('badConfiguration', `${path} must hold settings as key: value.`);
  }
  return raw as Record<string, unknown>;
}

/** Most starts have no such file: the parser is loaded when there is one. */
async function parse(path: string, text: string): Promise<unknown> {
  const { parse: parseYaml } = await import('yaml');
  try {
    return parseYaml(text);
  } catch (cause) {
    throw new StartError('badConfiguration', `${path} is not YAML: ${(cause as Error).message}`, cause);
  }
}

/** Where the settings' file has the home; undefined if it does not say. */
export async function homeOfSettings(env: NodeJS.ProcessEnv, cwd: string): Promise<string | undefined> {
  const { home } = await readSettings(env, cwd);
  return typeof home === 'string' && home !== '' ? resolve(cwd, home) : undefined;
}
