/** The audit entry of a certificate that the service revokes by itself because another has taken its place. */
import type { AuditEntry } from '../../domain/records/audit-event.ts';

/** `at` in Unix milliseconds; `details` say more than the reason, such as the campaign that asked for it. */
export const supersededEntry = (serial: string, at: number, details: AuditEntry['details'] = {}): AuditEntry => ({
  at,
  kind: 'certificate.revoked',
  actor: 'service',
  object: `certificate:${serial}`,
  details: { reason: 'superseded', ...details },
});
