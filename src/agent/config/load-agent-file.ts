/** Reads the agent's file: its shape, then what only this machine can tell, such as modes of secrets and folders that cannot be written. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import { nameFault } from '../../domain/policy/name-fault.ts';
import { readGeneralName } from '../../domain/x509/general-name.ts';
import { type AgentFile, AgentSchema, type TargetConfig, type Writer } from './agent-schema.ts';
import { realFolder, surroundingsComplaints } from './check-surroundings.ts';
import { readShape } from './read-shape.ts';

/**
 * For who tends its targets: this machine must let at least one of them be tended. Paths are absolute: relative ones are read from the
 * folder of the file. StartError `badConfiguration` says everything that is wrong.
 */
export async function loadAgentFile(path: string): Promise<AgentFile> {
  const { file, complaints } = await read(path);
  return accepted(path, file, [...complaints, ...(await surroundingsComplaints(file))]);
}

/** The same for who only looks, and needs none of what it names. */
export async function readAgentFile(path: string): Promise<AgentFile> {
  const { file, complaints } = await read(path);
  return accepted(path, file, complaints);
}

function accepted(path: string, file: AgentFile, complaints: readonly string[]): AgentFile {
  if (complaints.length > 0) throw bad(path, complaints);
  return file;
}

/** Throws for a wrong shape; complains of what its values mean. */
async function read(path: string): Promise<{ readonly file: AgentFile; readonly complaints: readonly string[] }> {
  const raw = pathsOfReload(await parse(path, await readText(path)), dirname(resolve(path)));
  const { value, complaints } = readShape(AgentSchema, raw);
  if (complaints.length > 0) throw bad(path, complaints);
  const { uid, mode } = await stat(path);
  const writer: Writer = (mode & 0o002) === 0 ? uid : 'anybody';
  const file = { ...absolute(value as AgentFile, dirname(resolve(path))), writer };
  const folders = await Promise.all(file.targets.map(({ files }) => realFolder(files.folder)));
  return { file, complaints: meaningComplaints(file, folders) };
}

const bad = (path: string, complaints: readonly string[]): StartError =>
  new StartError('badConfiguration', [`${path} cannot be used:`, ...complaints].join('\n'));

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError(
      'badConfiguration',
      `${path} cannot be read (${code}). Name the agent’s file with -f FILE.`,
      cause,
    );
  }
}

async function parse(path: string, text: string): Promise<unknown> {
  const { parse: parseYaml } = await import('yaml');
  try {
    return parseYaml(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw new StartError('badConfiguration', `${path} is not YAML: ${(cause as Error).message}`, cause);
  }
}

/** Paths of a reload are absolute, except that `./x` and `../x` are read from the folder of the file as all others are. */
function pathsOfReload(raw: unknown, folder: string): unknown {
  const targets = (raw as { targets?: unknown } | null)?.targets;
  if (!Array.isArray(targets)) return raw;
  const path = (value: unknown): unknown =>
    typeof value === 'string' && /^\.\.?\//.test(value) ? resolve(folder, value) : value;
  const read = (key: string, value: unknown): unknown =>
    key === 'command' && Array.isArray(value) ? [path(value[0]), ...value.slice(1)] : path(value);
  const withPaths = (reload: object): object =>
    Object.fromEntries(Object.entries(reload).map(([key, value]) => [key, read(key, value)]));
  const resolved = targets.map((target) => {
    const reload = (target as { reload?: unknown } | null)?.reload;
    return typeof reload === 'object' && reload !== null ? { ...target, reload: withPaths(reload) } : target;
  });
  return { ...(raw as object), targets: resolved };
}

function absolute(file: AgentFile, folder: string): AgentFile {
  const path = (text: string): string => resolve(folder, text);
  return {
    ...file,
    service: { ...file.service, ca: path(file.service.ca) },
    stateFolder: path(file.stateFolder),
    targets: file.targets.map((target) => {
      const { passwordFile, alsoTrust } = target.files;
      return {
        ...target,
        enrol: { tokenFile: path(target.enrol.tokenFile) },
        files: {
          ...target.files,
          folder: path(target.files.folder),
          ...(passwordFile !== undefined && { passwordFile: path(passwordFile) }),
          ...(alsoTrust !== undefined && { alsoTrust: alsoTrust.map(path) }),
        },
      };
    }),
  };
}

/** What the schema cannot say. `folders`: of the targets, without symbolic links. */
function meaningComplaints({ targets }: AgentFile, folders: readonly string[]): string[] {
  return [
    ...repeated(targets.map(({ name }) => name)).map((name) => `targets: the name ${name} is used more than once`),
    ...repeated(folders).map((folder) => `targets: the folder ${folder} is given to more than one target`),
    ...targets.flatMap((target, index) =>
      targetComplaints(target).map((complaint) => `targets[${index}] (${target.name}): ${complaint}`),
    ),
  ];
}

function targetComplaints({ name, names, files }: TargetConfig): string[] {
  const outputs = Object.entries(files.outputs ?? {});
  const chosen = outputs.map(([output, asked]) => asked?.name ?? output);
  const stores = outputs.some(([output]) => output.endsWith('.p12'));
  return [
    ...(reservedNames.includes(name) ? ['this name is a verb of `privyseal rotate`; take another'] : []),
    ...names.flatMap((text) => {
      const name = readGeneralName(text);
      return name.type === 'other' ? [`names: ${JSON.stringify(text)}: ${nameFault(name.code, text)}`] : [];
    }),
    ...(files.mode === 'link'
      ? outputs
          .filter(([, output]) => output?.name)
          .map(([output]) => `files.outputs.${output}.name is only for mode replace`)
      : repeated(chosen).map((file) => `files.outputs: ${file} is the name of more than one file`)),
    ...(files.passwordFile !== undefined && !stores
      ? ['files.passwordFile is given, but no store is among files.outputs']
      : []),
  ];
}

const reservedNames: readonly string[] = ['status'];

const repeated = (texts: readonly string[]): string[] => [
  ...new Set(texts.filter((text, index) => texts.indexOf(text) !== index)),
];
