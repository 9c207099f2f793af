/** Acts on authorities that are signed elsewhere: their CSRs, the certificates that came for them, and what signed those. */
import { CaError } from '../../domain/errors.ts';
import type { ExternalAuthority } from '../../domain/records/external-authority.ts';
import type { AuthorityImport } from '../../ports/external-store.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';
import { octets, serialOctets } from './certificate-row.ts';
import type { Connection } from './connection.ts';

type Issuing = Pick<Acts, 'recordIntent' | 'recordIssued'>;

/** See the port. A certificate that came from elsewhere is filed by the acts that file our own. */
export function externalActs(
  connection: Connection,
  audit: AuditChain,
  issuing: Issuing,
): Pick<Acts, 'recordAuthorityRequest' | 'recordImport'> {
  const known = connection.prepare<[string], number>('SELECT 1 FROM authorities WHERE name = ?').pluck();
  const requested = connection
    .prepare<[string], number>('SELECT 1 FROM authority_requests WHERE authority = ?')
    .pluck();
  const insertRequest = connection.prepare(
    'INSERT INTO authority_requests (authority, csr, created_at) VALUES (?, ?, ?)',
  );
  const nameTaken = connection
    .prepare<[string, string], number>(
      'SELECT 1 FROM authorities WHERE name = ? UNION ALL SELECT 1 FROM external_authorities WHERE name = ?',
    )
    .pluck();
  const insertExternal = connection.prepare(
    `INSERT INTO external_authorities (name, environment, parent, sha256, der, imported_at) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const setParent = connection.prepare('UPDATE authorities SET parent = ? WHERE name = ?');
  const filed = connection
    .prepare<[Buffer], Uint8Array | null>(
      `SELECT b.der FROM certificates AS c LEFT JOIN certificate_bodies AS b ON b.certificate = c.id WHERE c.serial = ?`,
    )
    .pluck();

  const refuseTaken = ({ name }: ExternalAuthority): void => {
    if (nameTaken.get(name, name) !== undefined)
      throw new CaError('conflict', `There is already an authority ${name}.`);
  };

  /** Whether the certificate is here already; another one of its serial cannot be filed beside it. */
  const isFiled = ({ certificate, certificateDer }: AuthorityImport): boolean => {
    const der = filed.get(serialOctets(certificate.serial));
    if (der === undefined) return false;
    if (der && Buffer.compare(der, certificateDer) === 0) return true;
    throw new CaError(
      'conflict',
      `The inventory has another certificate with the serial ${certificate.serial}. Have it signed with a serial of its own.`,
    );
  };

  const file = ({ certificate, tbsSha256, certificateDer, audit: entry }: AuthorityImport): void => {
    const { serial, requestedAt: issuedAt } = certificate;
    issuing.recordIntent({ certificate, tbsSha256, audit: entry });
    const issued = { ...entry, kind: 'certificate.issued' as const, object: `certificate:${serial}` };
    issuing.recordIssued({ serial, certificateDer, issuedAt, audit: issued });
  };

  return {
    recordAuthorityRequest({ authority, csrDer, createdAt }, entry) {
      if (known.get(authority) === undefined) throw noAuthority(authority);
      if (requested.get(authority) !== undefined) throw new CaError('conflict', `${authority} has a CSR already.`);
      insertRequest.run(authority, csrDer, createdAt);
      audit.append(entry);
    },
    recordImport(imported) {
      const { owner, authority: parent } = imported.certificate;
      if (known.get(owner) === undefined) throw noAuthority(owner);
      imported.external.forEach(refuseTaken);
      const here = isFiled(imported);
      for (const { name, environment, parent: above, ...rest } of imported.external) {
        insertExternal.run(name, environment, above, octets(rest.sha256), rest.certificateDer, rest.importedAt);
      }
      setParent.run(parent, owner);
      if (!here) file(imported);
    },
  };
}

const noAuthority = (name: string): CaError => new CaError('notFound', `There is no authority ${name}.`);
