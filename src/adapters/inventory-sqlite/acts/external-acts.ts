/** Acts on authorities that are signed elsewhere: their CSRs, the certificates that came for them, and what signed those. */
import { CaError } from '../../../domain/errors.ts';
import type { ExternalAuthority } from '../../../domain/records/external-authority.ts';
import { generationId } from '../../../domain/records/generation.ts';
import type { AuthorityImport } from '../../../ports/external-store.ts';
import type { Statements } from '../lazy-statements.ts';
import { octets, serialOctets } from '../rows/certificate-row.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';
import { existence, noAuthority, refuseExisting } from './authority-acts.ts';

type Issuing = Pick<Acts, 'recordIntent' | 'recordIssued'>;

/** See the port. A certificate that came from elsewhere is filed by the acts that file our own. */
export function externalActs(
  connection: Statements,
  audit: AuditChain,
  issuing: Issuing,
): Pick<Acts, 'recordAuthorityRequest' | 'recordImport'> {
  const known = existence(connection, 'SELECT 1 FROM authorities WHERE name = ?');
  const generationKnown = existence(
    connection,
    'SELECT 1 FROM authority_generations WHERE authority = ? AND number = ?',
  );
  const requested = existence(connection, 'SELECT 1 FROM generation_requests WHERE authority = ? AND generation = ?');
  const insertRequest = connection.prepare(
    'INSERT INTO generation_requests (authority, generation, csr, created_at) VALUES (?, ?, ?, ?)',
  );
  const nameTaken = existence(
    connection,
    'SELECT 1 FROM authorities WHERE name = ? UNION ALL SELECT 1 FROM external_authorities WHERE name = ?',
  );
  const insertExternal = connection.prepare(
    `INSERT INTO external_authorities (name, environment, parent, sha256, der, imported_at) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const filed = connection
    .prepare<[Buffer], Uint8Array | null>(
      `SELECT b.der FROM certificates AS c LEFT JOIN certificate_bodies AS b ON b.certificate = c.id WHERE c.serial = ?`,
    )
    .pluck();

  const refuseTaken = ({ name }: ExternalAuthority): void =>
    refuseExisting(nameTaken(name, name), `an authority ${name}`);

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
    recordAuthorityRequest({ authority, generation, csrDer, createdAt }, entry) {
      const id = generationId({ authority, number: generation });
      if (!generationKnown(authority, generation)) throw noAuthority(id);
      refuseExisting(requested(authority, generation), `a CSR of ${id}`);
      insertRequest.run(authority, generation, csrDer, createdAt);
      audit.append(entry);
    },
    recordImport(imported) {
      const { owner } = imported.certificate;
      if (!known(owner)) throw noAuthority(owner);
      imported.external.forEach(refuseTaken);
      const here = isFiled(imported);
      for (const { name, environment, parent: above, ...rest } of imported.external) {
        insertExternal.run(name, environment, above, octets(rest.sha256), rest.certificateDer, rest.importedAt);
      }
      if (!here) file(imported);
    },
  };
}
