/** Reads that an index answers at once, on the calling thread: a WAL reader never waits for the writer. */
import type { KeptEvent } from '../../../domain/audit/kept-event.ts';
import type { RevocationReason } from '../../../domain/policy/revocation-reason.ts';
import type { AuditEntry, AuditEvent } from '../../../domain/records/audit-event.ts';
import type { AuthorityRotation } from '../../../domain/records/authority-rotation.ts';
import type { Authority, Environment, Operator } from '../../../domain/records/environment.ts';
import {
  type AuthorityCertificate,
  type AuthorityGeneration,
  authorityOfGeneration,
} from '../../../domain/records/generation.ts';
import type { ArchivableQuery, AuditKey, CheckpointRecord, Inventory } from '../../../ports/inventory.ts';
import type { CrlRecord, RevokedEntry } from '../../../ports/revocation-store.ts';
import { findIdempotencyKey, idempotencyKeyLookUp } from '../acts/intent-conditions.ts';
import { countOfOwner } from '../acts/quota-counts.ts';
import { dueSupersessions, supersessionReads } from '../acts/supersession-acts.ts';
import { errorOf, failureOf } from '../database-error.ts';
import type { Statements } from '../lazy-statements.ts';
import {
  type CertificateRow,
  octets,
  recordColumns,
  recordOf,
  revocationOf,
  serialOctets,
} from '../rows/certificate-row.ts';
import { keptColumns } from '../search/audit-search.ts';

/** Of the generation, of none, or of one of another authority: no list may lack what it ought to have. */
const notOfAnother = `NOT EXISTS (SELECT 1 FROM authority_certificates AS a WHERE a.serial = issuer_serial AND a.generation <> ?)`;

/** Each is one look-up in an index; a test asks SQLite for the plan of every one. */
export const lookUps = {
  certificate: `SELECT ${recordColumns} FROM certificates WHERE serial = ?`,
  body: `SELECT der FROM certificate_bodies
    WHERE certificate = (SELECT id FROM certificates WHERE serial = ?)`,
  archived: `SELECT ${recordColumns} FROM archived_certificates WHERE serial = ?`,
  archivedBody: 'SELECT der FROM archived_certificates WHERE serial = ?',
  archivable: `SELECT lower(hex(serial)) FROM certificates WHERE not_after < ? AND purpose <> 'authority' AND
    (state = 'issued' OR (state = 'revoked' AND
      (not_after < (SELECT this_update FROM crls WHERE authority = coalesce(
        (SELECT generation FROM authority_certificates WHERE serial = issuer_serial), certificates.authority)) - ?
      OR EXISTS (SELECT 1 FROM authority_certificates AS a JOIN authority_generations AS g ON g.id = a.generation
        WHERE a.serial = issuer_serial AND g.key_destroyed_at IS NOT NULL))))
    ORDER BY not_after LIMIT ?`,
  openIntents: `SELECT ${recordColumns} FROM certificates WHERE state = 'intent' AND requested_at < ?
    ORDER BY requested_at`,
  keyBlock: 'SELECT reason FROM blocked_keys WHERE key_sha256 = ?',
  listed: `SELECT lower(hex(serial)), not_after, revoked_at, revocation_reason, invalidity_date FROM certificates
    WHERE state = 'revoked' AND authority = ? AND serial > ? AND ${notOfAnother} ORDER BY serial LIMIT ?`,
  archivedListed: `SELECT lower(hex(serial)), not_after, revoked_at, revocation_reason, invalidity_date
    FROM archived_certificates WHERE state = 'revoked' AND authority = ? AND not_after >= ? AND ${notOfAnother}`,
  quarantinedOf: `SELECT lower(hex(serial)), listed_until, revoked_at, revocation_reason, invalidity_date
    FROM quarantined_serials WHERE authority = ? AND serial > ? ORDER BY serial LIMIT ?`,
  quarantined: `SELECT lower(hex(serial)), listed_until, revoked_at, revocation_reason, invalidity_date
    FROM quarantined_serials WHERE authority = ? AND serial = ?`,
  crl: `SELECT authority, crl_number AS crlNumber, this_update AS thisUpdate, next_update AS nextUpdate, der
    FROM crls WHERE authority = ?`,
  operator: 'SELECT name, role, created_at AS createdAt FROM operators WHERE name = ?',
  auditEvents: `SELECT canonical, lower(hex(previous_hash)), lower(hex(hash)) FROM audit_events
    WHERE seq > ? ORDER BY seq LIMIT ?`,
  newestEvent: 'SELECT canonical FROM audit_events ORDER BY seq DESC LIMIT 1',
  firstKept: `SELECT ${keptColumns} FROM audit_events WHERE seq = 1`,
  newestKept: `SELECT ${keptColumns} FROM audit_events ORDER BY seq DESC LIMIT 1`,
  auditKey: `SELECT vault, vault_key AS vaultKey, lower(hex(certificate_serial)) AS certificateSerial,
    certificate AS certificateDer FROM audit_keys ORDER BY id DESC LIMIT 1`,
  checkpoint: `SELECT c.seq, c.note, k.certificate AS certificateDer FROM audit_checkpoints AS c
    JOIN audit_keys AS k ON k.id = c.key ORDER BY c.seq DESC LIMIT 1`,
  setting: 'SELECT value FROM settings WHERE name = ?',
  idempotencyKey: idempotencyKeyLookUp,
  dueSupersessions,
  countOfOwner,
} as const;

/** These list small tables whole. */
const lists = {
  environments: `SELECT name, iif(is_external, 'external', hierarchy) AS hierarchy, created_at AS createdAt
    FROM environments ORDER BY name`,
  authorities: `SELECT name, role, environment, parent, vault, vault_key AS vaultKey, key_type AS keyType,
    signature_algorithm AS signatureAlgorithm, nullif(lower(hex(certificate_serial)), '') AS certificateSerial,
    generation, created_at AS createdAt FROM authorities ORDER BY name`,
  generations: `SELECT authority, number, phase, vault, vault_key AS vaultKey, key_type AS keyType,
    signature_algorithm AS signatureAlgorithm, nullif(lower(hex(certificate_serial)), '') AS certificateSerial,
    is_compromised AS isCompromised, created_at AS createdAt, key_destroyed_at AS keyDestroyedAt,
    coalesce(responder_vault, vault) AS responderVault, responder_key AS responderKey, nullif(lower(hex(responder_serial)), '') AS responderSerial
    FROM authority_generations ORDER BY authority, number`,
  authorityCertificates: `SELECT c.authority, g.number AS generation, c.kind, lower(hex(c.serial)) AS serial
    FROM authority_certificates AS c JOIN authority_generations AS g ON g.id = c.generation ORDER BY c.serial`,
  rotations: `SELECT authority, generation, predecessor, state, campaign, started_at AS startedAt, started_by AS startedBy,
    changed_at AS changedAt FROM authority_rotations ORDER BY authority, generation`,
  operators: 'SELECT name, role, created_at AS createdAt FROM operators ORDER BY name',
  compromises: 'SELECT lower(hex(serial)) FROM compromises ORDER BY serial',
} as const;

type PointRead =
  | 'idempotentOutcome'
  | 'unfinishedIntents'
  | 'certificate'
  | 'certificateDer'
  | 'archivable'
  | 'dueSupersessions'
  | 'unfinishedCompromises'
  | 'keyBlock'
  | 'revokedEntries'
  | 'latestCrl'
  | 'quarantined'
  | 'environments'
  | 'authorities'
  | 'generations'
  | 'authorityCertificates'
  | 'rotations'
  | 'operator'
  | 'operators'
  | 'auditEvents'
  | 'auditEnds'
  | 'auditKey'
  | 'latestCheckpoint'
  | 'setting'
  | 'latestTime';

/** The port's method over a synchronous read, its errors wrapped. */
export function asked<Args extends unknown[], Result>(
  read: (...args: Args) => Result,
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    try {
      return read(...args);
    } catch (error) {
      throw errorOf(failureOf(error));
    }
  };
}

/** Statements are prepared once; each read is a transaction of its own and sees every write acknowledged before it. */
export function pointReads(connection: Statements): Pick<Inventory, PointRead> {
  return { ...certificateReads(connection), ...registryReads(connection), ...auditReads(connection) };
}

function certificateReads(connection: Statements) {
  const certificate = connection.prepare(lookUps.certificate).raw();
  const body = connection.prepare<[Buffer], Uint8Array>(lookUps.body).pluck();
  const archived = connection.prepare(lookUps.archived).raw();
  const archivedBody = connection.prepare<[Buffer], Uint8Array | null>(lookUps.archivedBody).pluck();
  const archivable = connection.prepare<[number, number, number], string>(lookUps.archivable).pluck();
  const openIntents = connection.prepare<[number], CertificateRow>(lookUps.openIntents).raw();
  const keyBlock = connection.prepare<[Buffer], 'authority' | 'operator' | 'compromised'>(lookUps.keyBlock).pluck();
  const crl = connection.prepare<[string], CrlRecord>(lookUps.crl);
  const compromises = connection.prepare<[], string>(lists.compromises).pluck();
  const quarantined = connection.prepare<[string, Buffer], ListedRow>(lookUps.quarantined).raw();
  return {
    certificate: asked((serial: string) => {
      const octetsOfSerial = serialOctets(serial);
      const row = (certificate.get(octetsOfSerial) ?? archived.get(octetsOfSerial)) as CertificateRow | undefined;
      return row && recordOf(row);
    }),
    certificateDer: asked(
      (serial: string) => body.get(serialOctets(serial)) ?? archivedBody.get(serialOctets(serial)) ?? undefined,
    ),
    archivable: asked(({ expiredBefore, crlLifetimeSeconds, limit }: ArchivableQuery) =>
      archivable.all(expiredBefore, crlLifetimeSeconds, limit),
    ),
    idempotentOutcome: asked(findIdempotencyKey(connection)),
    unfinishedIntents: asked((before: number) => openIntents.all(before).map(recordOf)),
    dueSupersessions: asked(supersessionReads(connection)),
    unfinishedCompromises: asked(() => compromises.all()),
    keyBlock: asked((keySha256: string) => keyBlock.get(octets(keySha256))),
    latestCrl: asked((generation: string) => crl.get(generation)),
    quarantined: asked((generation: string, serial: string) => {
      const row = quarantined.get(generation, octets(serial));
      return row && revocationOf(row[2], row[3], row[4]);
    }),
    revokedEntries: revokedEntries(connection),
  };
}

type ListedRow = readonly [string, number, number, RevocationReason, number | null];

const entryOf = ([serial, notAfter, at, reason, invalidityDate]: ListedRow): RevokedEntry => ({
  serial,
  notAfter,
  ...revocationOf(at, reason, invalidityDate),
});

const entriesPerTurn = 1000;

/** A list can be long: it is read in turns, so that the event loop stays free. What is revoked meanwhile may be on it. */
function revokedEntries(connection: Statements): Inventory['revokedEntries'] {
  const listed = connection.prepare<[string, Buffer, string, number], ListedRow>(lookUps.listed).raw();
  const certificates = inTurns((generation, after) =>
    listed.all(authorityOfGeneration(generation), octets(after), generation, entriesPerTurn),
  );
  const found = connection.prepare<[string, Buffer, number], ListedRow>(lookUps.quarantinedOf).raw();
  const quarantined = inTurns((generation, after) => found.all(generation, octets(after), entriesPerTurn));
  const archived = connection.prepare<[string, number, string], ListedRow>(lookUps.archivedListed).raw();
  const archivedEarly = asked((generation: string, unexpiredAt: number) =>
    archived.all(authorityOfGeneration(generation), unexpiredAt, generation).map(entryOf),
  );
  return async (generation, unexpiredAt) => {
    const entries = await certificates(generation, unexpiredAt);
    const others = [...(await quarantined(generation, unexpiredAt)), ...(await archivedEarly(generation, unexpiredAt))];
    if (others.length === 0) return entries;
    return [...entries, ...others].sort((a, b) => (a.serial < b.serial ? -1 : 1));
  };
}

/** `page` reads rows of a generation whose serials come after one, in their order. */
function inTurns(page: (generation: string, after: string) => readonly ListedRow[]) {
  const read = asked(page);
  return async (generation: string, unexpiredAt: number): Promise<readonly RevokedEntry[]> => {
    const entries: RevokedEntry[] = [];
    let rows: readonly ListedRow[];
    let after = '';
    do {
      rows = await read(generation, after);
      for (const row of rows) if (row[1] >= unexpiredAt) entries.push(entryOf(row));
      after = rows.at(-1)?.[0] ?? '';
      if (rows.length === entriesPerTurn) await new Promise((resolve) => setImmediate(resolve));
    } while (rows.length === entriesPerTurn);
    return entries;
  };
}

interface GenerationRow extends Omit<AuthorityGeneration, 'isCompromised' | 'responder'> {
  readonly isCompromised: number;
  readonly responderVault: string;
  readonly responderKey: string | null;
  readonly responderSerial: string | null;
}

const generationOf = ({
  isCompromised,
  responderVault,
  responderKey,
  responderSerial,
  ...row
}: GenerationRow): AuthorityGeneration => ({
  ...row,
  isCompromised: isCompromised === 1,
  responder:
    responderKey === null || responderSerial === null
      ? null
      : { vault: responderVault, vaultKey: responderKey, certificateSerial: responderSerial },
});

function registryReads(connection: Statements) {
  const environments = connection.prepare<[], Environment>(lists.environments);
  const authorities = connection.prepare<[], Authority>(lists.authorities);
  const generations = connection.prepare<[], GenerationRow>(lists.generations);
  const rotations = connection.prepare<[], AuthorityRotation>(lists.rotations);
  const authorityCertificates = connection.prepare<[], AuthorityCertificate>(lists.authorityCertificates);
  const operator = connection.prepare<[string], Operator>(lookUps.operator);
  const operators = connection.prepare<[], Operator>(lists.operators);
  return {
    environments: asked(() => environments.all()),
    authorities: asked(() => authorities.all()),
    generations: asked(() => generations.all().map(generationOf)),
    authorityCertificates: asked(() => authorityCertificates.all()),
    rotations: asked(() => rotations.all()),
    operator: asked((name: string) => operator.get(name)),
    operators: asked(() => operators.all()),
  };
}

function auditReads(connection: Statements) {
  const events = connection.prepare<[number, number], readonly [string, string, string]>(lookUps.auditEvents).raw();
  const newest = connection.prepare<[], string>(lookUps.newestEvent).pluck();
  const setting = connection.prepare<[string], string>(lookUps.setting).pluck();
  const firstKept = connection.prepare<[], KeptEvent>(lookUps.firstKept);
  const newestKept = connection.prepare<[], KeptEvent>(lookUps.newestKept);
  const key = connection.prepare<[], AuditKey>(lookUps.auditKey);
  const checkpoint = connection.prepare<[], CheckpointRecord>(lookUps.checkpoint);
  return {
    auditEnds: asked(() => {
      const [first, newest] = [firstKept.get(), newestKept.get()];
      return first && newest && { first, newest };
    }),
    auditKey: asked(() => key.get()),
    latestCheckpoint: asked(() => checkpoint.get()),
    auditEvents: asked((afterSeq: number, limit: number) =>
      events.all(afterSeq, limit).map(([canonical, previousHash, hash]): AuditEvent => {
        const entry = JSON.parse(canonical) as AuditEntry & { seq: number };
        return { ...entry, previousHash, hash };
      }),
    ),
    latestTime: asked(() => {
      const canonical = newest.get();
      return canonical === undefined ? 0 : (JSON.parse(canonical) as AuditEntry).at;
    }),
    setting: asked((name: string) => setting.get(name)),
  };
}
