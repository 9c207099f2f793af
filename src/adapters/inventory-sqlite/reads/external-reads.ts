/** Reads of authorities that are signed elsewhere, and of what signs them: few, and listed whole. */
import type { ExternalAuthority } from '../../../domain/records/external-authority.ts';
import type { AuthorityRequest, ExternalStore } from '../../../ports/external-store.ts';
import type { Statements } from '../lazy-statements.ts';
import { asked } from './point-reads.ts';

export function externalReads(connection: Statements): Pick<ExternalStore, 'authorityRequest' | 'externalAuthorities'> {
  const request = connection.prepare<[string, number], AuthorityRequest>(
    `SELECT authority, generation, csr AS csrDer, created_at AS createdAt FROM generation_requests
     WHERE authority = ? AND generation = ?`,
  );
  const external = connection.prepare<[], ExternalAuthority>(
    `SELECT name, environment, parent, lower(hex(sha256)) AS sha256, der AS certificateDer, imported_at AS importedAt
     FROM external_authorities ORDER BY name`,
  );
  return {
    authorityRequest: asked((authority: string, generation: number) => request.get(authority, generation)),
    externalAuthorities: asked(() => external.all()),
  };
}
