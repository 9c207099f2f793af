/** `privyseal authority list|show|create`. */
import type { AuthorityBody, AuthorityDetailJson } from '../../../api/authority.ts';
import type { AuthorityJson } from '../../../api/service.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { CliError } from '../cli-error.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { type Field, layoutFields } from '../terminal/fields.ts';
import { layoutTable } from '../terminal/table.ts';
import { timeInWords, timeToTheSecond } from '../terminal/words.ts';

/** Authorities are public: no credential is shown. */
export async function listAuthorities(session: Session): Promise<Ending> {
  const { items } = await (await session.publicClient('anonymous')).authorities();
  if (session.json) {
    session.printJson({ items });
    return 'ok';
  }
  const columns = ['AUTHORITY', 'ROLE', 'PHASE', 'PARENT', 'KEY', 'EXPIRES', 'SHA-256'].map((title) => ({ title }));
  const leavesOut = ['SHA-256', 'PARENT'];
  const givesWay = leavesOut.map((title) => [title, 9] as const);
  const rows = items.map((item) => rowOf(item, session.now()));
  session.printTable(layoutTable(columns, rows, { width: session.width, givesWay, leavesOut }));
  return 'ok';
}

const rowOf = (item: AuthorityJson, now: number): string[] => [
  ...[item.name, item.role, item.phase, item.parent, item.keyType].map((text) => printable(text)),
  timeInWords(item.notAfter, now),
  printable(item.sha256),
];

export interface ShowOptions {
  readonly pem?: boolean;
  readonly csr?: boolean;
}

export async function showAuthority(session: Session, name: string, { pem, csr }: ShowOptions): Promise<Ending> {
  const authority = await (await session.adminClient()).authority(name);
  if (session.json) session.printJson(authority);
  else if (csr) session.print([csrOf(authority)]);
  else {
    session.print(describeAuthority(session, authority));
    if (pem && authority.certificate) session.print(['', authority.certificate.certificate.trimEnd()]);
  }
  return 'ok';
}

/** What the service would say itself is not asked for again: it has no CSR of what it signs. */
function csrOf({ name, csr }: AuthorityDetailJson): string {
  if (csr !== null) return csr.trimEnd();
  throw new CliError(
    'usage',
    `${printable(name)} has no CSR: it is signed here. \`authority show\` shows its certificate.`,
  );
}

export interface CreateOptions extends Pick<AuthorityBody, 'environment' | 'vault' | 'keyType' | 'commonName'> {
  readonly csr: true;
  /** `--key` is the client certificate's. */
  readonly vaultKey?: string;
}

/** The CSR alone is on stdout, so that it can go to a file. */
export async function createAuthority(session: Session, name: string, options: CreateOptions): Promise<Ending> {
  const { csr: _, vaultKey, ...asked } = options;
  const authority = await (await session.adminClient()).requestAuthority({
    name,
    ...asked,
    ...(vaultKey !== undefined && { key: vaultKey }),
  });
  if (session.json) session.printJson(authority);
  else {
    session.print([csrOf(authority)]);
    session.note([
      `${printable(name)} has a key in the vault ${printable(authority.vault ?? '-')} and waits for its certificate.`,
      `Have the CSR signed, then: privyseal authority import ${printable(name)} chain.pem`,
    ]);
  }
  return 'ok';
}

const keyPlace = ({ vault, vaultKey }: AuthorityDetailJson): string =>
  vault === null ? 'elsewhere' : `${vaultKey} in the vault ${vault}`;

export function describeAuthority(session: Session, authority: AuthorityDetailJson): string[] {
  const { certificate } = authority;
  const time = (text: string): string => `${timeToTheSecond(text)} (${timeInWords(text, session.now())})`;
  const facts: Field[] = [
    ['Authority', authority.name],
    ['Role', authority.role],
    ['Environment', authority.environment ?? '-'],
    ['State', authority.stopped === null ? authority.state : `stopped: ${authority.stopped}`],
    ['Signed by', authority.parent],
    ['Key', `${authority.keyType}, ${keyPlace(authority)}`],
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
  const { coming } = authority;
  const ofNext: Field[] = coming
    ? [
        [
          'Next',
          `${coming.name}, ${coming.serial}, signed by ${coming.parent}: \`authority rotate status\` says what it waits for`,
        ],
      ]
    : [];
  return layoutFields(
    [...facts, ...ofCertificate, ...ofNext].map(
      ([label, value]): Field => [label, [value].flat().map((line) => printable(line, 2048))],
    ),
    { columns: session.width },
  );
}
