/** `privyseal show`: one certificate, every fact on its own line, and where it is deployed. */
import type { CertificateJson } from '../../../api/certificate.ts';
import type { DeploymentJson } from '../../../api/deployment.ts';
import { printable } from '../../../domain/policy/printable.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { type Field, layoutFields } from '../terminal/fields.ts';
import { foldLine } from '../terminal/fold.ts';
import { paintFor, statusColour } from '../terminal/paint.ts';
import { layoutTable } from '../terminal/table.ts';
import { textWidth } from '../terminal/text-width.ts';
import { lengthInWords, timeInWords, timeToTheSecond } from '../terminal/words.ts';

export async function show(session: Session, serial: string, options: { readonly pem?: boolean }): Promise<Ending> {
  const client = await session.adminClient();
  const certificate = await client.read(serial);
  const { items: deployments } = await client.deployments(certificate.serial);
  if (session.json) session.printJson({ ...certificate, deployments });
  else
    session.print([
      ...describeCertificate(session, certificate),
      ...describeDeployments(session, deployments),
      ...(options.pem ? ['', certificate.certificate.trimEnd()] : []),
    ]);
  return 'ok';
}

export function describeCertificate(session: Session, certificate: CertificateJson): string[] {
  const paint = paintFor(session.io);
  const time = (text: string): string => `${timeToTheSecond(text)} (${timeInWords(text, session.now())})`;
  const { status, revocation } = certificate;
  const facts: (Field | false)[] = [
    ['Serial', certificate.serial],
    ['Status', status],
    revocation !== null && ['Revoked', `${time(revocation.at)}, ${revocation.reason}`],
    ['Names', certificate.names],
    ['Subject', certificate.subject || '(empty)'],
    certificate.product !== null && ['Product', productOf(certificate)],
    ['Purpose', certificate.purpose],
    ['Profile', `${certificate.profile.name}, version ${certificate.profile.version}`],
    ['Authority', certificate.authority],
    ['Key', `${certificate.key.type}, SHA-256 ${certificate.key.sha256}`],
    ['Valid from', time(certificate.notBefore)],
    ['Expires', time(certificate.notAfter)],
    ['Lifetime', lengthInWords(certificate.lifetimeSeconds)],
    ['Requested', `${time(certificate.requestedAt)} by ${certificate.requestedBy}`],
    certificate.issuedAt !== null && ['Issued', time(certificate.issuedAt)],
    certificate.predecessor !== null && ['Replaces', certificate.predecessor],
    certificate.successor !== null && ['Replaced by', certificate.successor],
    ['CRL', certificate.links.crl],
    ['OCSP', certificate.links.ocsp],
  ];
  return layoutFields(
    facts
      .filter((fact) => fact !== false)
      .map(([label, value]): Field => {
        const safe = [value].flat().map((line) => printable(line, 2048));
        return [label, label === 'Status' ? safe.map((line) => paint(statusColour(line), line)) : safe];
      }),
    { columns: session.width },
  );
}

/** A line for each target, below a heading; nothing without any. What does not fit beside the rest stands below it. */
function describeDeployments(session: Session, deployments: readonly DeploymentJson[]): string[] {
  if (deployments.length === 0) return [];
  const cells = deployments.map((deployment) => {
    const { target, outcome, reportedAt, endpoint, detail } = deployment;
    return [
      target,
      outcome,
      timeInWords(reportedAt, session.now()),
      endpoint ?? '-',
      servedBy(deployment),
      detail ?? '',
    ];
  });
  const safe = cells.map((row) => row.map((cell) => printable(cell, 500)));
  const columns = ['TARGET', 'DEPLOYMENT', 'SINCE', 'ENDPOINT', 'SERVES', 'DETAIL'].map((title) => ({ title }));
  const whole = layoutTable(columns, safe, { width: undefined, givesWay: [], leavesOut: [] });
  const { width } = session;
  if (width === undefined || whole.lines.every((line) => textWidth(line) <= width)) return ['', ...whole.lines];
  const givesWay = [['ENDPOINT', 16] as const, ['TARGET', 10] as const, ['SERVES', 8] as const];
  const beside = layoutTable(
    columns.slice(0, -1),
    safe.map((row) => row.slice(0, -1)),
    { width, givesWay, leavesOut: ['SINCE'] },
  );
  const details = safe.flatMap(([target, , , , , detail]) =>
    detail === '' ? [] : foldLine(`${target}: ${detail}`, width),
  );
  return ['', ...beside.lines, ...(details.length > 0 ? ['', ...details] : [])];
}

/** The certificate that the target serves, as far as it is known. */
const servedBy = ({ serial, servedSerial }: DeploymentJson): string =>
  servedSerial === serial ? 'this' : (servedSerial ?? '-');

/** Certificates of before this was kept do not name a version. */
const productOf = ({ product, productVersion }: CertificateJson): string =>
  productVersion === null ? `${product}` : `${product}, version ${productVersion}`;
