/** `privyseal revoke` and `release`: a certificate stops being good, or a held one is good again, and where that shows. */
import type { CertificateJson } from '../../../api/certificate.ts';
import type { StatusJson } from '../../../api/service.ts';
import type { PrivysealClient } from '../../../client/client.ts';
import { printable } from '../../../domain/policy/printable.ts';
import type { RevocationReason } from '../../../domain/policy/revocation-reason.ts';
import { safeText } from '../../../domain/policy/safe-text.ts';
import { CliError } from '../cli-error.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { confirm } from '../terminal/confirm.ts';
import { type Field, layoutFields } from '../terminal/fields.ts';
import { timeInWords, timeToTheSecond } from '../terminal/words.ts';

export interface RevokeOptions {
  readonly reason: RevocationReason;
  readonly yes?: boolean;
}

export async function revoke(session: Session, serial: string, { reason, yes }: RevokeOptions): Promise<Ending> {
  const client = await session.adminClient();
  if (session.io.mayAsk && !yes) await askFirst(session, await client.read(serial), reason);
  const revoked = await client.revoke(serial, { reason });
  await report(session, client, revoked, reason === 'certificateHold' ? 'Held' : 'Revoked');
  return 'ok';
}

export async function release(session: Session, serial: string): Promise<Ending> {
  const client = await session.adminClient();
  await report(session, client, await client.release(serial), 'Released');
  return 'ok';
}

async function askFirst(session: Session, certificate: CertificateJson, reason: RevocationReason): Promise<void> {
  const owner = certificate.product ?? certificate.purpose;
  const what = printable(`${certificate.names[0] ?? certificate.subject} of ${owner}`, 300);
  const sharers = reason === 'keyCompromise' ? 'Every other certificate of its key goes with it. ' : '';
  const finality = reason === 'certificateHold' ? 'It can be released again.' : `${sharers}This cannot be undone.`;
  const question = `Revoke ${certificate.serial} (${what}), ${reason}? ${finality} [y/N] `;
  if (!(await confirm(session.io, question))) throw new CliError('declined', 'Nothing was revoked.');
}

/** The service rebuilds a CRL within this many seconds of a revocation. */
const crlDelaySeconds = 5;

async function report(
  session: Session,
  client: PrivysealClient,
  changed: CertificateJson,
  done: string,
): Promise<void> {
  if (session.json) return session.printJson(changed);
  // It is done: what cannot be told about CRLs must not make it look as if it were not.
  const status = await client.status().catch(() => undefined);
  const issuer = status?.authorities.find(({ name }) => changed.links.crl.endsWith(`/crl/${name}.crl`));
  const url = printable(changed.links.crl, 2048);
  // The status names every authority that signs lists: one that it leaves out is retired, and has its last.
  const crl =
    status && !issuer
      ? `never says so: what signed it is retired, and its last list stays as it is: ${url}`
      : `says so within ${crlDelaySeconds} seconds: ${url}`;
  session.print(
    layoutFields([
      [done, `${changed.serial}${changed.revocation ? `, ${timeToTheSecond(changed.revocation.at)}` : ''}`],
      ['OCSP', `says so now: ${printable(changed.links.ocsp, 2048)}`],
      ['CRL', crl],
      ...(issuer ? delays(status) : []),
      ...(issuer?.crl ? [earlier(session, issuer.crl)] : []),
    ]),
  );
}

/** What keeps lists from being signed: not all of them where it is one vault of several, which the status does not tell apart. */
const delays = (status: StatusJson | undefined): Field[] =>
  (status?.readiness.parts ?? [])
    .filter(({ name, ready }) => !ready && name !== 'audit')
    .map(({ name, reason }) => [
      '',
      `it may be later: ${printable(name)} is not ready: ${safeText(reason ?? 'no reason given')}`,
    ]);

/** Who has fetched a CRL need not look again before its nextUpdate (RFC 5280 §5.1.2.5); that of this one is the latest. */
const earlier = (session: Session, { nextUpdate }: { nextUpdate: string }): Field => [
  '',
  `copies fetched before may be in use until ${timeToTheSecond(nextUpdate)} (${timeInWords(nextUpdate, session.now())})`,
];
