/**
 * Looks at what the agent's file names on this machine, and complains: of secrets that others may read, of folders that cannot
 * be written, of programs that are not there.
 */
import type { Stats } from 'node:fs';
import { access, constants, open, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { temporaryName } from '../../files/whole-file.ts';
import { AgentError } from '../agent-error.ts';
import { resolveOwner } from '../files/owner.ts';
import { ownFolder } from '../files/set-store.ts';
import type { AgentFile, TargetConfig, Writer } from './agent-schema.ts';

/** What keeps every target from being tended: empty while one of them can be, for the others then fail alone. */
export async function surroundingsComplaints(file: AgentFile): Promise<string[]> {
  const targets = await Promise.all(
    file.targets.map(async (target, index) => {
      // It may well be gone once it is used up.
      const token = await openToOthers('enrol.tokenFile', target.enrol.tokenFile);
      return [...token, ...(await complaintsOf(target, file.writer))].map(
        (text) => `targets[${index}] (${target.name}): ${text}`,
      );
    }),
  );
  const ofAll = [
    ...(await unreadable('service.ca', file.service.ca)),
    ...(await unwritable('stateFolder', file.stateFolder)),
  ];
  const isHopeless = ofAll.length > 0 || targets.every((complaints) => complaints.length > 0);
  return isHopeless ? [...ofAll, ...targets.flat()] : [];
}

/** What may be over by the next turn is looked at in each; a token only by who needs it. AgentError `targetRefused`. */
export async function assertUsable(target: TargetConfig, writer?: Writer): Promise<void> {
  const complaints = await complaintsOf(target, writer);
  if (complaints.length > 0) throw new AgentError('targetRefused', `${complaints.join('; ')}.`);
}

async function complaintsOf({ files, reload }: TargetConfig, writer?: Writer): Promise<string[]> {
  const { passwordFile, alsoTrust = [] } = files;
  const owners = [files.owner, ...Object.values(files.outputs ?? {}).map((output) => output?.owner)];
  const parts = [
    unwritable('files.folder', files.folder),
    inOtherHands('files.folder', files.folder, writer),
    ofAnotherAgent('files.folder', files.folder),
    withinASet('files.folder', files.folder),
    ...(passwordFile === undefined
      ? []
      : [unreadable('files.passwordFile', passwordFile), openToOthers('files.passwordFile', passwordFile)]),
    ...alsoTrust.map((path) => unreadable('files.alsoTrust', path)),
    ...(reload?.action === 'exec' ? [notExecutable('reload.command', reload.command[0]!)] : []),
    ...(reload?.action === 'nginx' && reload.program ? [notExecutable('reload.program', reload.program)] : []),
    ...owners.filter((owner) => owner !== undefined).map(unknownOwner),
  ];
  return (await Promise.all(parts)).flat();
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

async function unreadable(key: string, path: string): Promise<string[]> {
  try {
    await access(path, constants.R_OK);
    return [];
  } catch (error) {
    return [`${key}: ${path} cannot be read (${codeOf(error)})`];
  }
}

/** Without symbolic links, also of one that is not there yet: two targets in one folder would take it from each other for ever. */
export async function realFolder(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    // What else is wrong with it is found when it is looked at whether it can be written.
    if (!isMissing(error) || dirname(folder) === folder) return folder;
    return join(await realFolder(dirname(folder)), basename(folder));
  }
}

/** A folder that is not there yet is judged by the nearest one above it that is. */
async function unwritable(key: string, folder: string, asked = folder): Promise<string[]> {
  try {
    if (!(await stat(folder)).isDirectory()) return [`${key}: ${folder} is no folder`];
    await access(folder, constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    if (isMissing(error) && dirname(folder) !== folder) return unwritable(key, dirname(folder), asked);
    return [`${key}: ${asked} cannot be written (${codeOf(error)} at ${folder})`];
  }
}

/**
 * Who owns a folder, or one above it, can put a link in the place of anything in it, and so have the agent, which is often root,
 * write and remove files elsewhere. The way there counts as well as where it leads. Whoever writes the agent's file could do more.
 */
async function inOtherHands(key: string, folder: string, writer?: Writer): Promise<string[]> {
  if (writer === 'anybody') return [];
  const trusted = [0, process.geteuid!(), writer];
  const ways = new Set([folder, await realFolder(folder)].flatMap(withThoseAbove));
  for (const path of ways) {
    const known = await stat(path).catch(() => undefined);
    if (!known) continue;
    const rule = 'who could have the agent write and remove files elsewhere; let it belong to the agent’s user or root';
    if (!trusted.includes(known.uid))
      return [`${key}: ${path} belongs to user ${known.uid}, ${rule} (files.owner is for the files alone)`];
    // With the sticky bit only its owner moves a name out of the way.
    if ((known.mode & 0o1000) !== 0) continue;
    if ((known.mode & 0o002) !== 0) return [`${key}: ${path} can be written by anybody, ${rule}, and chmod o-w`];
    if ((known.mode & 0o020) !== 0 && !(await isTrustedGroup(known)))
      return [`${key}: ${path} can be written by group ${known.gid}, ${rule}, and chmod g-w`];
  }
  return [];
}

/** root's, the agent's own ones, and that of the owner alone, as many systems give one to each user. */
async function isTrustedGroup({ uid, gid }: Stats): Promise<boolean> {
  if ([0, process.getegid!(), ...process.getgroups!()].includes(gid)) return true;
  return gid === (await resolveOwner(String(uid)).catch(() => undefined))?.gid;
}

/**
 * What root writes there by hand, beside an agent that runs as another user, neither that agent nor the program can read: then no
 * rotation works any more. Where all files belong to one, as on some disks of the network, nobody's is another's.
 */
async function ofAnotherAgent(key: string, folder: string): Promise<string[]> {
  const own = ownFolder(folder);
  const known = await stat(own).catch(() => undefined);
  if (!known || known.uid === process.geteuid!() || known.uid === (await uidOfNew(own))) return [];
  const advice = `run it as that user (sudo -u '#${known.uid}' …), or give this one the folder with all that is in it`;
  return [
    `${key}: ${folder} is tended by an agent of user ${known.uid}, and this one is of user ${process.geteuid!()}; ${advice}`,
  ];
}

/** What lies among the sets of a target goes with them: its next rotation moves the link, and removes old sets with all that is in them. */
async function withinASet(key: string, folder: string): Promise<string[]> {
  for (const path of withThoseAbove(folder)) {
    const isOwn = basename(path) === basename(ownFolder('/'));
    const above = dirname(path);
    if (!isOwn && !(setFolders.includes(basename(path)) && (await isThere(ownFolder(above))))) continue;
    return [
      `${key}: ${folder} lies in ${path}, which an agent moves and removes with the sets of ${above}; name another`,
    ];
  }
  return [];
}

const setFolders: readonly string[] = ['current', 'sets'];

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Whom a new file in `folder` belongs to; undefined where none can be made. */
async function uidOfNew(folder: string): Promise<number | undefined> {
  const probe = temporaryName(join(folder, 'probe'));
  try {
    await using file = await open(probe, 'wx', 0o600);
    await rm(probe);
    return (await file.stat()).uid;
  } catch {
    return undefined;
  }
}

const withThoseAbove = (path: string): string[] =>
  dirname(path) === path ? [path] : [path, ...withThoseAbove(dirname(path))];

/** Whoever else may read a secret has it. */
async function openToOthers(key: string, path: string): Promise<string[]> {
  try {
    const { mode } = await stat(path);
    const shown = (mode & 0o777).toString(8).padStart(4, '0');
    return (mode & 0o077) === 0 ? [] : [`${key}: ${path} is open to others (mode ${shown}); chmod 600 it`];
  } catch (error) {
    return isMissing(error) ? [] : [`${key}: ${path} cannot be looked at (${codeOf(error)})`];
  }
}

async function notExecutable(key: string, path: string): Promise<string[]> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile() ? [] : [`${key}: ${path} is no program`];
  } catch (error) {
    return [`${key}: ${path} is no program that can be started (${codeOf(error)})`];
  }
}

async function unknownOwner(owner: string): Promise<string[]> {
  try {
    await resolveOwner(owner);
    return [];
  } catch (error) {
    if (error instanceof AgentError) return [`owner: ${error.message}`];
    throw error;
  }
}
