/** Acts that create authorities and their generations, and put certificates in force for them. */
import { CaError } from '../../../domain/errors.ts';
import type { Authority } from '../../../domain/records/environment.ts';
import { type AuthorityGeneration, generationId } from '../../../domain/records/generation.ts';
import { keyBlockWords } from '../../../ports/issuance-conditions.ts';
import type { Statements } from '../lazy-statements.ts';
import { octets, serialOctets } from '../rows/certificate-row.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';
import { keyBlocks } from './intent-conditions.ts';

type AuthorityActs = Pick<Acts, 'createAuthority' | 'activateAuthority' | 'certifyGeneration'>;

/** Answers whether a row exists; `sql` selects from it by one key. */
export function existence(connection: Statements, sql: string): (...key: (string | number)[]) => boolean {
  const select = connection.prepare<(string | number)[]>(sql).pluck();
  return (...key) => select.get(...key) !== undefined;
}

export function refuseExisting(exists: boolean, what: string): void {
  if (exists) throw new CaError('conflict', `There is already ${what}.`);
}

/** See the port: each decides every conflict before it writes. */
export function authorityActs(connection: Statements, audit: AuditChain): AuthorityActs {
  const known = existence(connection, 'SELECT 1 FROM authorities WHERE name = ?');
  const insert = connection.prepare(
    `INSERT INTO authorities (name, role, environment, parent, vault, vault_key, key_type, signature_algorithm,
       certificate_serial, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)`,
  );
  const activate = connection.prepare('UPDATE authorities SET certificate_serial = ? WHERE name = ?');
  const showSigner = signerShown(connection);
  const inForce = connection.prepare<[string], number>('SELECT generation FROM authorities WHERE name = ?').pluck();
  const generations = generationRows(connection);
  return {
    createAuthority(authority, keySha256, entry) {
      const { name, role, environment, parent, vault, vaultKey } = authority;
      refuseExisting(known(name), `an authority ${name}`);
      generations.refuseKeyInUse(authority, keySha256);
      const rest = [authority.keyType, authority.signatureAlgorithm, authority.createdAt];
      insert.run(name, role, environment, parent, vault, vaultKey, ...rest);
      generations.insert({ ...authority, authority: name, number: 1, phase: 'inForce' }, keySha256);
      audit.append(entry);
    },
    activateAuthority(name, certificateSerial, entry) {
      const number = inForce.get(name);
      if (number === undefined) throw noAuthority(name);
      generations.refuseUnrecorded(certificateSerial);
      activate.run(serialOctets(certificateSerial), name);
      showSigner(name);
      generations.certify({ authority: name, generation: number, kind: 'own', serial: certificateSerial });
      audit.append(entry);
    },
    certifyGeneration(certificate, entry) {
      const id = generationId({ authority: certificate.authority, number: certificate.generation });
      if (!generations.known(id)) throw new CaError('notFound', `There is no generation ${id}.`);
      generations.refuseUnrecorded(certificate.serial);
      generations.certify(certificate);
      audit.append(entry);
    },
  };
}

/** One that is signed elsewhere has the signer of its certificate in force for its parent; any other keeps what it was made with. */
export function signerShown(connection: Statements): (authority: string) => void {
  const show = connection.prepare(
    `UPDATE authorities SET parent = e.name FROM certificates AS c JOIN external_authorities AS e ON e.name = c.authority
     WHERE c.serial = authorities.certificate_serial AND authorities.name = ?`,
  );
  return (authority) => void show.run(authority);
}

export const noAuthority = (name: string): CaError => new CaError('notFound', `There is no authority ${name}.`);

type NewGeneration = Pick<AuthorityGeneration, 'authority' | 'number' | 'phase'> &
  Pick<Authority, 'vault' | 'vaultKey' | 'keyType' | 'signatureAlgorithm' | 'createdAt'>;

/** What acts on authorities and on rotations share. */
export function generationRows(connection: Statements) {
  const keyTaken = existence(connection, 'SELECT 1 FROM authority_generations WHERE vault = ? AND vault_key = ?');
  const insert = connection.prepare(
    `INSERT INTO authority_generations (id, authority, number, phase, vault, vault_key, key_type, signature_algorithm,
       certificate_serial, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)`,
  );
  const blocks = keyBlocks(connection);
  const blockKey = connection.prepare(`INSERT INTO blocked_keys (key_sha256, reason) VALUES (?, 'authority')`);
  // A closed intent has a row, too, but was never issued.
  const recorded = connection.prepare('SELECT 1 FROM certificates WHERE serial = ? AND issued_at IS NOT NULL');
  const setCertificate = connection.prepare('UPDATE authority_generations SET certificate_serial = ? WHERE id = ?');
  const addCertificate = connection.prepare(
    'INSERT OR REPLACE INTO authority_certificates (serial, authority, generation, kind) VALUES (?, ?, ?, ?)',
  );
  return {
    known: existence(connection, 'SELECT 1 FROM authority_generations WHERE id = ?'),
    refuseKeyInUse({ vault, vaultKey }: Pick<Authority, 'vault' | 'vaultKey'>, keySha256: string): void {
      refuseExisting(keyTaken(vault, vaultKey), `an authority with the key ${vaultKey} of the vault ${vault}`);
      // The same key may stand under several names of a backend, and in several vaults.
      const found = blocks.refusal(keySha256);
      if (found)
        throw new CaError('conflict', `The key ${vaultKey} of the vault ${vault} ${keyBlockWords[found.block]}.`);
    },
    insert(generation: NewGeneration, keySha256: string): void {
      const { authority, number, phase, vault, vaultKey, keyType, signatureAlgorithm, createdAt } = generation;
      const key = [vault, vaultKey, keyType, signatureAlgorithm];
      insert.run(generationId(generation), authority, number, phase, ...key, createdAt);
      blockKey.run(octets(keySha256));
    },
    refuseUnrecorded(serial: string): void {
      if (recorded.get(serialOctets(serial))) return;
      throw new CaError('notFound', `There is no certificate ${serial}.`);
    },
    certify({ authority, generation, kind, serial }: Parameters<AuthorityActs['certifyGeneration']>[0]): void {
      const id = generationId({ authority, number: generation });
      addCertificate.run(serialOctets(serial), authority, id, kind);
      if (kind === 'own') setCertificate.run(serialOctets(serial), id);
    },
  };
}
