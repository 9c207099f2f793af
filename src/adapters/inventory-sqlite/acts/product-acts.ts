/** Acts on products and their enrolment tokens. Versions of products stay; a token that ends is gone. */
import { CaError } from '../../../domain/errors.ts';
import type { Product } from '../../../domain/records/environment.ts';
import type { Statements } from '../lazy-statements.ts';
import { octets } from '../rows/certificate-row.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';
import { denialWithProduct } from './denied-with-product.ts';
import { assertNext } from './profile-acts.ts';

type ProductActs = Pick<Acts, 'createProduct' | 'changeProduct' | 'removeProduct'>;

export function productActs(connection: Statements, audit: AuditChain): ProductActs {
  const newest = newestVersion(connection);
  const liveCertificates = liveCount(connection);
  const denyRequests = denialWithProduct(connection, audit);
  const insert = connection.prepare(
    `INSERT INTO products (id, version, environment, name_rules, profiles, contacts, alerts, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const setRemoved = connection.prepare('UPDATE products SET removed_at = ? WHERE id = ? AND version = ?');
  const removeTokens = connection
    .prepare<[string], string>('DELETE FROM tokens WHERE product = ? RETURNING id')
    .pluck();
  const add = ({ id, version, environment, nameRules, profiles, contacts, alerts, createdAt }: Product): void => {
    const lists = [nameRules, profiles, contacts].map((list) => JSON.stringify(list));
    insert.run(id, version, environment, ...lists, alerts, createdAt);
  };
  return {
    createProduct(product, entry) {
      const known = newest(product.id);
      if (known?.removedAt === null) {
        throw new CaError('conflict', `There is already a product ${product.id}. Change it instead.`);
      }
      if (known) assertNext(`product ${product.id}`, product.version, known.version);
      add(product);
      audit.append(entry);
    },
    changeProduct(product, entry) {
      const known = newest(product.id);
      assertNext(`product ${product.id}`, product.version, known?.removedAt === null ? known.version : undefined);
      add(product);
      audit.append(entry);
    },
    removeProduct({ id, version, at, operator, audit: entry }) {
      const known = newest(id);
      if (known?.removedAt !== null) return { kind: 'notFound' };
      assertNext(`product ${id}`, version + 1, known.version);
      const live = liveCertificates(id, at);
      if (live > 0) return { kind: 'hasCertificates', live };
      setRemoved.run(at, id, version);
      const tokens = removeTokens.all(id);
      audit.append(entry);
      return { kind: 'removed', tokens, requests: denyRequests(id, operator, entry) };
    },
  };
}

function newestVersion(connection: Statements) {
  const select = connection.prepare<[string], { readonly version: number; readonly removedAt: number | null }>(
    'SELECT version, removed_at AS removedAt FROM products WHERE id = ? ORDER BY version DESC LIMIT 1',
  );
  return (id: string) => select.get(id);
}

/** An intent may become a certificate, and a hold may be released. */
function liveCount(connection: Statements): (id: string, at: number) => number {
  const count = connection
    .prepare<[string, number], number>(
      `SELECT count(*) FROM certificates WHERE owner = ? AND purpose = 'product' AND (state = 'intent' OR
         (not_after >= ? AND (state = 'issued' OR revocation_reason = 'certificateHold')))`,
    )
    .pluck();
  return (id, at) => count.get(id, Math.floor(at / 1000)) ?? 0;
}

export function tokenActs(connection: Statements, audit: AuditChain): Pick<Acts, 'createToken' | 'removeToken'> {
  const newest = newestVersion(connection);
  const known = connection.prepare<[string], number>('SELECT 1 FROM tokens WHERE id = ?').pluck();
  const insert = connection.prepare(
    `INSERT INTO tokens (id, product, profiles, secret_sha256, uses_left, expires_at, created_at, created_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = connection.prepare('DELETE FROM tokens WHERE id = ?');
  return {
    createToken(token, entry) {
      const { id, product, usesLeft, expiresAt, createdAt, createdBy } = token;
      if (newest(product)?.removedAt !== null) throw new CaError('notFound', `There is no product ${product}.`);
      if (known.get(id)) throw new CaError('conflict', `There is already a token ${id}.`);
      const secret = octets(token.secretSha256);
      insert.run(id, product, JSON.stringify(token.profiles), secret, usesLeft, expiresAt, createdAt, createdBy);
      audit.append(entry);
    },
    removeToken(id, entry) {
      if (!known.get(id)) return false;
      remove.run(id);
      audit.append(entry);
      return true;
    },
  };
}
