/** Acts of rotations: a rotation and its new generation come together, and both generations change with its state. */
import { CaError } from '../../../domain/errors.ts';
import { type AuthorityRotation, phasesAt } from '../../../domain/records/authority-rotation.ts';
import { generationId } from '../../../domain/records/generation.ts';
import type { Statements } from '../lazy-statements.ts';
import { serialOctets } from '../rows/certificate-row.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';
import { existence, generationRows, noAuthority, refuseExisting, signerShown } from './authority-acts.ts';

/** See the port. */
export function rotationActs(
  connection: Statements,
  audit: AuditChain,
): Pick<Acts, 'startRotation' | 'changeRotation' | 'markGeneration'> {
  const known = existence(connection, 'SELECT 1 FROM authorities WHERE name = ?');
  const isUnderWay = existence(
    connection,
    `SELECT 1 FROM authority_rotations WHERE authority = ? AND state NOT IN ('retired', 'abandoned')`,
  );
  const insert = connection.prepare(
    `INSERT INTO authority_rotations (authority, generation, predecessor, state, campaign, started_at, started_by,
       changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const generations = generationRows(connection);
  const change = stateChange(connection);
  const mark = connection.prepare(
    `UPDATE authority_generations SET is_compromised = max(is_compromised, ?),
       key_destroyed_at = coalesce(key_destroyed_at, ?), responder_key = coalesce(?, responder_key),
       responder_serial = coalesce(?, responder_serial), responder_vault = coalesce(?, responder_vault) WHERE id = ?`,
  );

  return {
    startRotation({ rotation, generation, keySha256, audit: entry }) {
      const { authority } = rotation;
      if (!known(authority)) throw noAuthority(authority);
      refuseExisting(isUnderWay(authority), `a rotation of ${authority} under way`);
      refuseExisting(generations.known(generationId(generation)), `a generation ${generationId(generation)}`);
      generations.refuseKeyInUse(generation, keySha256);
      generations.insert(generation, keySha256);
      const { predecessor, state, campaign, startedAt, startedBy, changedAt } = rotation;
      insert.run(authority, rotation.generation, predecessor, state, campaign, startedAt, startedBy, changedAt);
      audit.append(entry);
    },

    changeRotation(wanted) {
      if (!change(wanted)) return false;
      audit.append(wanted.audit);
      return true;
    },

    markGeneration({ isCompromised, keyDestroyedAt, responder, audit: entry, ...which }) {
      const id = generationId(which);
      if (!generations.known(id)) throw new CaError('notFound', `There is no generation ${id}.`);
      const serial = responder ? serialOctets(responder.certificateSerial) : null;
      const held = [responder?.vaultKey ?? null, serial, responder?.vault ?? null];
      mark.run(isCompromised ? 1 : 0, keyDestroyedAt ?? null, ...held, id);
      audit.append(entry);
    },
  };
}

/** The state, the phases that follow from it, and the authority's row, which shows the generation in force. */
function stateChange(connection: Statements): (wanted: Parameters<Acts['changeRotation']>[0]) => boolean {
  const find = connection.prepare<[string, number, string], Pick<AuthorityRotation, 'predecessor'>>(
    'SELECT predecessor FROM authority_rotations WHERE authority = ? AND generation = ? AND state = ?',
  );
  const setState = connection.prepare(
    `UPDATE authority_rotations SET state = ?, changed_at = ?, campaign = coalesce(?, campaign)
     WHERE authority = ? AND generation = ?`,
  );
  const setPhase = connection.prepare('UPDATE authority_generations SET phase = ? WHERE authority = ? AND number = ?');
  const showInForce = connection.prepare(
    `UPDATE authorities SET (generation, vault, vault_key, key_type, signature_algorithm, certificate_serial) =
       (SELECT number, vault, vault_key, key_type, signature_algorithm, certificate_serial FROM authority_generations
        WHERE authority = authorities.name AND phase = 'inForce') WHERE name = ?`,
  );
  const showSigner = signerShown(connection);
  return ({ authority, generation, from, to, campaign, at }) => {
    const found = find.get(authority, generation, from);
    if (!found) return false;
    setState.run(to, at, campaign ?? null, authority, generation);
    // The one that goes first: no moment has two in force.
    setPhase.run(phasesAt[to].predecessor, authority, found.predecessor);
    setPhase.run(phasesAt[to].generation, authority, generation);
    showInForce.run(authority);
    showSigner(authority);
    return true;
  };
}
