/** `privyseal revoke` and `release`: a certificate stops being good, or a held one is good again, and where that shows. */
import type { CertificateJson, RevokedCertificateJson } from '../../../api/certificate.ts';
import type { StatusJson } from '../../../api/service.ts';
import type { PrivysealClient } from '../../../client/client.ts';
import { decodePem, encodePem } from '../../../domain/der/pem.ts';
import { CaError } from '../../../domain/errors.ts';
import { printable } from '../../../domain/policy/printable.ts';
import type { RevocationReason } from '../../../domain/policy/revocation-reason.ts';
import { safeText } from '../../../domain/policy/safe-text.ts';
import { type ParsedCertificate, parseCertificate } from '../../../domain/x509/certificate.ts';
import { formatName } from '../../../domain/x509/name.ts';
import { CliError } from '../cli-error.ts';
import type { Ending } from '../exit-codes.ts';
import { readNamedFile } from '../named-file.ts';
import type { Session } from '../session.ts';
import { confirm } from '../terminal/confirm.ts';
import { type Field, layoutFields } from '../terminal/fields.ts';
import { timeInWords, timeToTheSecond } from '../terminal/words.ts';

export interface RevokeOptions {
  readonly reason: RevocationReason;
  readonly yes?: boolean;
  /** Of the certificate, instead of its serial. */
  readonly file?: string;
}

export async function revoke(session: Session, serial: string | undefined, options: RevokeOptions): Promise<Ending> {
  const { file, reason, yes } = options;
  if ((serial === undefined) === (file === undefined))
    throw new CliError('usage', 'Name one certificate: by its serial, or with --file. See `privyseal revoke --help`.');
  if (serial === undefined) return revokeFile(session, file!, options);
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
  await askWhether(session, { serial: certificate.serial, what }, reason);
}

async function askWhether(
  session: Session,
  { serial, what }: { readonly serial: string; readonly what: string },
  reason: RevocationReason,
): Promise<void> {
  const sharers = reason === 'keyCompromise' ? 'Every other certificate of its key goes with it. ' : '';
  const finality = reason === 'certificateHold' ? 'It can be released again.' : `${sharers}This cannot be undone.`;
  const question = `Revoke ${serial} (${what}), ${reason}? ${finality} [y/N] `;
  if (!(await confirm(session.io, question))) throw new CliError('declined', 'Nothing was revoked.');
}

/** Also what the inventory does not have: then nothing but the certificate itself tells what it is. */
async function revokeFile(session: Session, file: string, { reason, yes }: RevokeOptions): Promise<Ending> {
  const { der, serial, subject, names } = await readShown(file);
  const client = await session.adminClient();
  if (session.io.mayAsk && !yes) {
    const what = printable(names[0]?.value ?? formatName(subject), 300);
    await askWhether(session, { serial, what }, reason);
  }
  const revoked = await client.revokeByCertificate({ certificate: encodePem('CERTIFICATE', der), reason });
  if (session.json) session.printJson(revoked);
  else await tell(session, client, revoked, reason === 'certificateHold' ? 'Held' : 'Revoked');
  return 'ok';
}

/** The first of a file that may hold its issuers, too, or its key, which stays here. */
async function readShown(file: string): Promise<ParsedCertificate> {
  const advice = 'Name the file of the certificate to revoke, PEM or DER.';
  const content = await readNamedFile({ file, what: 'the certificate', advice });
  const [pem = ''] = certificateBlock.exec(content.toString('latin1')) ?? [];
  try {
    return parseCertificate(content[0] === 0x30 ? new Uint8Array(content) : decodePem(pem, 'CERTIFICATE'));
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    throw new CliError(
      'fileUnreadable',
      `${file} holds no certificate of this service: ${error.message} ${advice}`,
      error,
    );
  }
}

const certificateBlock = /^-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/m;

/** The service rebuilds a CRL within this many seconds of a revocation. */
const crlDelaySeconds = 5;

/** What is told of either: the inventory's own, or one that was shown. */
type Changed = Pick<CertificateJson, 'serial' | 'revocation'> & { readonly links: RevokedCertificateJson['links'] };

async function report(
  session: Session,
  client: PrivysealClient,
  changed: CertificateJson,
  done: string,
): Promise<void> {
  if (session.json) return session.printJson(changed);
  return tell(session, client, changed, done);
}

async function tell(session: Session, client: PrivysealClient, changed: Changed, done: string): Promise<void> {
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
