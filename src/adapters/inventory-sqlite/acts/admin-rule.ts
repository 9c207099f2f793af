/** Somebody stays an admin who can get in: judged inside the transaction of the act that would leave nobody. */
import type { CertificateRecord } from '../../../domain/records/certificate.ts';
import type { Operator } from '../../../domain/records/environment.ts';
import type { Statements } from '../lazy-statements.ts';
import { serialOctets } from '../rows/certificate-row.ts';

const valid = `c.purpose = 'operator' AND c.state = 'issued' AND c.not_before <= :now AND c.not_after >= :now`;

/** CROSS JOIN keeps SQLite at the few admins first, and their certificates by owner. */
export const adminRuleSql = {
  ofAdmin: `SELECT 1 FROM operators AS o CROSS JOIN certificates AS c ON c.owner = o.name
    WHERE o.name = :name AND o.role = 'admin' AND ${valid} LIMIT 1`,
  another: `SELECT 1 FROM operators AS o CROSS JOIN certificates AS c ON c.owner = o.name
    WHERE o.role = 'admin' AND o.name <> :name AND ${valid} LIMIT 1`,
  anotherCertificate: `SELECT 1 FROM operators AS o CROSS JOIN certificates AS c ON c.owner = o.name
    WHERE o.role = 'admin' AND c.serial <> :serial AND ${valid} LIMIT 1`,
  role: 'SELECT role FROM operators WHERE name = ?',
} as const;

/** Both answer whether the service cannot do without: what is valid now is the last that makes anybody an admin. */
export function adminRule(connection: Statements) {
  const ofAdmin = connection.prepare(adminRuleSql.ofAdmin).pluck();
  const another = connection.prepare(adminRuleSql.another).pluck();
  const anotherCertificate = connection.prepare(adminRuleSql.anotherCertificate).pluck();
  const role = connection.prepare<[string], Operator['role']>(adminRuleSql.role).pluck();

  return {
    needCertificate({ serial, owner, state, notBefore, notAfter }: CertificateRecord, now: number): boolean {
      const isValid = state === 'issued' && notBefore <= now && notAfter >= now;
      if (!isValid || role.get(owner) !== 'admin') return false;
      return anotherCertificate.get({ serial: serialOctets(serial), now }) === undefined;
    },
    needOperator(name: string, now: number): boolean {
      return ofAdmin.get({ name, now }) !== undefined && another.get({ name, now }) === undefined;
    },
  };
}
