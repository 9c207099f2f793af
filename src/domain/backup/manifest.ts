/** The manifest of a backup: what is in it, as of when, and what a restore must know before it opens anything. docs/backup.md. */
import { StartError } from '../errors.ts';

export const backupFormat = 'privyseal-backup/1';

/** Names of the members of a backup, in their order: manifest, parts, digest. */
export const manifestName = 'manifest.json';
export const databasePart = 'privyseal.db';
/** The last member: hex SHA-256 of every octet before its header, and a line feed. */
export const digestName = 'SHA256';
export const digestSize = 65;

/** 1 MiB: thousands of authorities and keys. */
export const longestManifest = 1024 * 1024;

/** Keys as the vault has them, encrypted; `vault/passphrase` is never a part. */
const partNamePattern = /^(?:privyseal\.db|vault\/[a-z0-9.-]{1,80}\.json|trust\/[a-z0-9.-]{1,80}\.pem)$/;

/** An authority's name, or that of its second and later generations, such as `dev-issuing.2`. */
const listNamePattern = /^[a-z0-9-]{1,64}(?:\.[1-9][0-9]{0,8})?$/;

export interface ManifestPart {
  /** As it lies in the home. */
  readonly name: string;
  /** In octets. */
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
}

export interface ManifestAuthority {
  /** What names the list of a generation: see `generationId`. */
  readonly name: string;
  /** subjectKeyIdentifier of its certificate, hex: which lists are its own. */
  readonly keyIdentifier: string;
  /** Its newest list in the backup; null before the first. */
  readonly crlNumber: number | null;
  /** Where its list is published; null when that is not known. */
  readonly crlUrl: string | null;
}

/** The newest audit event of the backup. */
export interface AuditHead {
  /** 0 and 64 zeros when there is none. */
  readonly seq: number;
  readonly hash: string;
}

export interface BackupManifest {
  readonly format: typeof backupFormat;
  /** Version of the program that wrote it. */
  readonly program: string;
  /** RFC 3339 UTC, whole seconds. */
  readonly createdAt: string;
  /** The newest migration applied, like `0001_inventory.sql`. */
  readonly schema: string;
  readonly audit: AuditHead;
  /** The newest signed checkpoint of the audit log, as docs/audit.md has it; null before the first. */
  readonly checkpoint: string | null;
  readonly authorities: readonly ManifestAuthority[];
  /** In the order of the file; the database first. */
  readonly parts: readonly ManifestPart[];
}

/** The only spelling of a manifest. Throws, rather than write what no restore would read. */
export function encodeManifest(manifest: BackupManifest): string {
  const text = spelled(manifest);
  if (spelled(readManifest(asObject(JSON.parse(text)) ?? {})) === text) return text;
  throw new Error(`The manifest of a backup could not be read back: ${text}`);
}

const spelled = (manifest: BackupManifest | undefined): string => `${JSON.stringify(manifest, null, 2)}\n`;

/** Unix seconds of `createdAt`: the time of every member. */
export const manifestTime = ({ createdAt }: Pick<BackupManifest, 'createdAt'>): number => Date.parse(createdAt) / 1000;

/** StartError `backupTooNew` for another format, `backupDamaged` for anything that `encodeManifest` does not spell so. */
export function parseManifest(text: string, file: string): BackupManifest {
  const raw = parseJson(text);
  const format = raw?.format;
  if (typeof format === 'string' && format !== backupFormat && /^privyseal-backup\/\d{1,9}$/.test(format)) {
    throw new StartError(
      'backupTooNew',
      `${file} has the format ${format}; this program knows ${backupFormat}. Restore it with the program that wrote it.`,
    );
  }
  const manifest = raw && readManifest(raw);
  if (!manifest || spelled(manifest) !== text) {
    throw new StartError('backupDamaged', `${file} has a damaged manifest. Use another copy of the backup.`);
  }
  return manifest;
}

type Raw = Readonly<Record<string, unknown>>;

function parseJson(text: string): Raw | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const asObject = (value: unknown): Raw | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : undefined;

/** Fields in the order of their spelling; what does not fit leaves the whole undefined. */
function readManifest(raw: Raw): BackupManifest | undefined {
  const audit = asObject(raw.audit);
  const authorities = listOf(raw.authorities, readAuthority);
  const parts = listOf(raw.parts, readPart);
  const fits =
    raw.format === backupFormat &&
    isText(raw.program, /^[\w.+-]{1,64}$/) &&
    isText(raw.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) &&
    isText(raw.schema, /^\d{4}_\w{1,60}\.sql$/) &&
    isCount(audit?.seq) &&
    isText(audit.hash, sha256Pattern) &&
    (raw.checkpoint === null || isText(raw.checkpoint, /^[\n\x20-\x7e]{1,4096}$/)) &&
    Number.isFinite(Date.parse(raw.createdAt));
  if (!fits || !authorities || !parts || !areWhole(parts)) return undefined;
  const { program, createdAt, schema, checkpoint } = raw as unknown as BackupManifest;
  const head = { seq: audit?.seq, hash: audit?.hash } as AuditHead;
  return { format: backupFormat, program, createdAt, schema, audit: head, checkpoint, authorities, parts };
}

/** The database first, and no name twice. */
const areWhole = (parts: readonly ManifestPart[]): boolean =>
  parts[0]?.name === databasePart && new Set(parts.map(({ name }) => name)).size === parts.length;

function readAuthority(raw: Raw): ManifestAuthority | undefined {
  const { name, keyIdentifier, crlNumber, crlUrl } = raw;
  const fits =
    isText(name, listNamePattern) &&
    isText(keyIdentifier, /^(?:[0-9a-f]{2}){1,64}$/) &&
    (crlNumber === null || isCount(crlNumber)) &&
    (crlUrl === null || isText(crlUrl, /^http:\/\/[\x21-\x7e]{1,500}$/));
  return fits ? ({ name, keyIdentifier, crlNumber, crlUrl } as ManifestAuthority) : undefined;
}

function readPart({ name, size, sha256 }: Raw): ManifestPart | undefined {
  return isText(name, partNamePattern) && isCount(size) && isText(sha256, sha256Pattern)
    ? { name, size, sha256 }
    : undefined;
}

function listOf<T>(value: unknown, read: (raw: Raw) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = value.map((item) => read(asObject(item) ?? {}));
  return items.every((item) => item !== undefined) ? items : undefined;
}

const sha256Pattern = /^[0-9a-f]{64}$/;
const isText = (value: unknown, pattern: RegExp): value is string => typeof value === 'string' && pattern.test(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
