/** Which context a verb works in, and how what the command line says goes before what the context says. */
import { CliError } from '../cli-error.ts';
import { type Context, type Contexts, readContexts } from './contexts-file.ts';

/** What decides; see docs/cli.md. */
export interface ContextChoice extends Context {
  readonly context?: string;
}

/**
 * `options`, completed by the context of --context or PRIVYSEAL_CONTEXT; else by the current one, unless the command line or
 * PRIVYSEAL_HOME says itself where the service is. Throws CliError `usage` for a name that is unknown.
 */
export async function withContext<Options extends ContextChoice>(
  env: NodeJS.ProcessEnv,
  options: Options,
): Promise<Options> {
  const named = options.context ?? (env.PRIVYSEAL_CONTEXT || undefined);
  if (named === undefined && saysWhere(env, options)) return options;
  const contexts = await readContexts(env);
  const name = named ?? contexts.current;
  if (name === undefined) return options;
  return completed(contextOf(contexts, name), options);
}

const saysWhere = (env: NodeJS.ProcessEnv, { home, url, adminUrl }: ContextChoice): boolean =>
  [home, url, adminUrl, env.PRIVYSEAL_HOME || undefined].some((given) => given !== undefined);

/** Throws CliError `usage` if there is none of this name. */
export function contextOf({ contexts }: Contexts, name: string): Context {
  if (Object.hasOwn(contexts, name)) return contexts[name]!;
  const names = Object.keys(contexts).join(', ');
  const known = names === '' ? 'There is none yet; `context add` makes one.' : `There are: ${names}.`;
  throw new CliError('usage', `There is no context \`${name}\`. ${known}`);
}

/** A certificate and its key come from one place: half of a pair is of no use. A home names all of its files. */
function completed<Options extends ContextChoice>(context: Context, options: Options): Options {
  const { cert, key, tokenFile, ca, ...where } = context;
  const pair = options.cert === undefined && options.key === undefined ? { cert, key } : {};
  const files = options.home === undefined ? { ...pair, tokenFile, ca } : {};
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const fromContext = Object.entries({ ...where, ...files }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(fromContext), ...Object.fromEntries(given) } as Options;
}
