/** `privyseal profile add|update|list|show`: profiles are written as YAML, or JSON, which is YAML, too. */
import { parse, stringify } from 'yaml';
import type { ProfileJson } from '../../../api/profile.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { safeText } from '../../../domain/policy/safe-text.ts';
import { CliError } from '../cli-error.ts';
import { collectPages } from '../collect-pages.ts';
import type { Ending } from '../exit-codes.ts';
import { readNamedText } from '../named-file.ts';
import type { Session } from '../session.ts';
import { layoutFields } from '../terminal/fields.ts';
import { layoutTable, type Table } from '../terminal/table.ts';
import { lengthInWords } from '../terminal/words.ts';

/** A file that `show` wrote of another profile has that one's version; a new profile begins with its first. */
export async function addProfile(session: Session, file: string): Promise<Ending> {
  const { version: _ofAnother, ...profile } = await readProfile(session, file);
  return report(session, 'Added', await (await session.adminClient()).createProfile(profile));
}

/** A file without a version means the profile as it is now, whatever it says. */
export async function updateProfile(session: Session, file: string): Promise<Ending> {
  const { environment, name, version, ...definition } = await readProfile(session, file);
  if (typeof environment !== 'string' || typeof name !== 'string') {
    throw new CliError('usage', `${file} does not say which profile it is. Write its environment and its name.`);
  }
  const id = `${environment}/${name}`;
  const client = await session.adminClient();
  const before = version ?? (await client.profile(id)).version;
  const after = await client.changeProfile(id, { version: before, ...definition });
  return report(session, after.version === before ? 'Unchanged' : 'Changed', after);
}

async function readProfile(session: Session, file: string): Promise<Record<string, unknown>> {
  const path = session.path(file);
  const text = await readNamedText({ file: path, what: 'the profile', advice: 'Name another file with -f.' });
  const value = fromYaml(path, text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new CliError(
    'usage',
    `${path} is no profile. \`privyseal profile show dev/server\` shows what one looks like.`,
  );
}

/** Without aliases: one that holds itself could not be sent. */
function fromYaml(path: string, text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch (error) {
    const [what = ''] = String((error as Error).message).split('\n', 1);
    throw new CliError('usage', `${path} is not YAML: ${what.replace(/[:.]$/, '')}.`, error);
  }
}

function report(session: Session, done: string, profile: ProfileJson): Ending {
  if (session.json) session.printJson(profile);
  else {
    const id = printable(`${profile.environment}/${profile.name}`);
    session.print(layoutFields([[done, `${id}, version ${profile.version}`]]));
  }
  return 'ok';
}

/** What `profile update -f` takes, version included. */
export async function showProfile(session: Session, id: string, version: number | undefined): Promise<Ending> {
  const profile = await (await session.adminClient()).profile(id, version);
  if (session.json) session.printJson(profile);
  else session.print(stringify(profile).trimEnd().split('\n').map(safeText));
  return 'ok';
}

export async function listProfiles(session: Session, query: { environment?: string }): Promise<Ending> {
  const client = await session.adminClient();
  const items = await collectPages((page) => client.profiles({ ...query, ...page }));
  if (session.json) session.printJson({ items });
  else if (items.length === 0) session.note(['There are no profiles.']);
  else session.printTable(tableOf(session, items));
  return 'ok';
}

const columns = ['PROFILE', 'VERSION', 'FOR', 'NAMES', 'LIFETIME', 'AT MOST', 'AUTHORITY'].map((title) => ({ title }));

function tableOf(session: Session, items: readonly ProfileJson[]): Table {
  const rows = items.map((profile) =>
    [
      `${profile.environment}/${profile.name}`,
      String(profile.version),
      profile.extendedKeyUsage.join(' '),
      profile.names.types.join(' '),
      lengthInWords(profile.lifetimeSeconds.default),
      lengthInWords(profile.lifetimeSeconds.maximum),
      profile.authority,
    ].map((text) => printable(text, 200)),
  );
  const options = { width: session.width, givesWay: [['NAMES', 8]] as const, leavesOut: ['AUTHORITY', 'NAMES'] };
  return layoutTable(columns, rows, options);
}
