/** `privyseal authority list|show`. */
import type { AuthorityDetailJson } from '../../api/authority.ts';
import type { AuthorityJson } from '../../api/service.ts';
import { printable } from '../../domain/policy/printable.ts';
import type { Ending } from './exit-codes.ts';
import { type Field, layoutFields } from './fields.ts';
import type { Session } from './session.ts';
import { layoutTable } from './table.ts';
import { timeInWords, timeToTheSecond } from './words.ts';

/** Authorities are public: no credential is shown. */
export async function listAuthorities(session: Session): Promise<Ending> {
  const { items } = await (await session.publicClient('anonymous')).authorities();
  if (session.json) {
    session.printJson({ items });
    return 'ok';
  }
  const columns = ['AUTHORITY', 'ROLE', 'PARENT', 'KEY', 'EXPIRES', 'SHA-256'].map((title) => ({ title }));
  const leavesOut = ['SHA-256', 'PARENT'];
  const givesWay = leavesOut.map((title) => [title, 9] as const);
  const rows = items.map((item) => rowOf(item, session.now()));
  session.print(layoutTable(columns, rows, { width: session.width, givesWay, leavesOut }).lines);
  return 'ok';
}

const rowOf = (item: AuthorityJson, now: number): string[] => [
  ...[item.name, item.role, item.parent, item.keyType].map((text) => printable(text)),
  timeInWords(item.notAfter, now),
  printable(item.sha256),
];

export async function showAuthority(session: Session, name: string, { pem }: { pem?: boolean }): Promise<Ending> {
  const authority = await (await session.adminClient()).authority(name);
  if (session.json) session.printJson(authority);
  else {
    session.print(describeAuthority(session, authority));
    if (pem && authority.certificate) session.print(['', authority.certificate.certificate.trimEnd()]);
  }
  return 'ok';
}

export function describeAuthority(session: Session, authority: AuthorityDetailJson): string[] {
  const { certificate } = authority;
  const time = (text: string): string => `${timeToTheSecond(text)} (${timeInWords(text, session.now())})`;
  const facts: Field[] = [
    ['Authority', authority.name],
    ['Role', authority.role],
    ['Environment', authority.environment ?? '-'],
    ['State', authority.state],
    ['Signed by', authority.parent],
    ['Key', `${authority.keyType}, ${authority.vaultKey} in the vault ${authority.vault}`],
    ['Signs with', authority.signatureAlgorithm],
    ['Made', time(authority.createdAt)],
  ];
  const ofCertificate: Field[] = certificate
    ? [
        ['Subject', certificate.subject],
        ['Serial', certificate.serial],
        ['SHA-256', certificate.sha256],
        ['Valid from', time(certificate.notBefore)],
        ['Expires', time(certificate.notAfter)],
      ]
    : [];
  return layoutFields(
    [...facts, ...ofCertificate].map(
      ([label, value]): Field => [label, [value].flat().map((line) => printable(line, 2048))],
    ),
  );
}
