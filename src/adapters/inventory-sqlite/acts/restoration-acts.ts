/** The act that ends a restore: what was revoked since the backup is revoked again, in one transaction with its audit events. */
import type { Restoration, RestoredRevocation } from '../../../ports/inventory.ts';
import type { Statements } from '../lazy-statements.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';
import { certificateStates } from './certificate-states.ts';
import type { CompromiseActs } from './compromise-acts.ts';
import { quarantinedSerials } from './quarantined-serials.ts';
import { approvalWithdrawal } from './withdrawn-approvals.ts';

/** See the port. */
export function restorationActs(
  connection: Statements,
  audit: AuditChain,
  { beginCompromise, closeIntent }: Pick<CompromiseActs, 'beginCompromise'> & Pick<Acts, 'closeIntent'>,
): Pick<Acts, 'recordRestoration'> {
  const states = certificateStates(connection);
  const approvals = approvalWithdrawal(connection, audit);
  const quarantine = quarantinedSerials(connection);
  const giveUp = connection.prepare('UPDATE authority_generations SET is_compromised = 1 WHERE id = ?');
  const replaceCrl = connection.prepare(
    'INSERT OR REPLACE INTO crls (authority, crl_number, this_update, next_update, der) VALUES (?, ?, ?, ?, ?)',
  );
  const endTokens = connection.prepare('UPDATE tokens SET expires_at = ? WHERE expires_at > ?');

  const applyRevoked = ({ serial, revocation, audit: entry }: RestoredRevocation): void => {
    // Closed with its event first: nothing waits for what is revoked, and its predecessor may be followed again.
    const wasOpen = closeIntent({ serial, at: entry.at, audit: entry });
    if (!states.revoke(serial, revocation)) throw new Error(`the certificate ${serial} is not recorded`);
    if (!wasOpen) audit.append(entry);
  };

  /** Its owner's alone: on whose word the key was compromised, no list tells. What else had it is on the lists, where there are any. */
  const applyCompromise = ({ serial, revocation, audit: entry }: RestoredRevocation): void => {
    if (revocation.reason !== 'keyCompromise') return;
    const named = states.find(serial)!;
    beginCompromise({ named, owner: named.owner, revocation, audit: entry });
  };

  return {
    recordRestoration({ audit: entry, revoked, quarantined, compromised, crls, tokensEndAt }: Restoration) {
      audit.append(entry);
      approvals.ofBackup(entry);
      revoked.forEach(applyRevoked);
      revoked.forEach(applyCompromise);
      for (const serial of quarantined) {
        quarantine.put({ ...serial, generation: serial.authority });
        audit.append(serial.audit);
      }
      for (const { generation, audit: each } of compromised) {
        giveUp.run(generation);
        audit.append(each);
      }
      for (const crl of crls) replaceCrl.run(crl.authority, crl.crlNumber, crl.thisUpdate, crl.nextUpdate, crl.der);
      if (tokensEndAt !== null) endTokens.run(tokensEndAt, tokensEndAt);
    },
  };
}
