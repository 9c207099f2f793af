/** `privyseal operator list|show|role|remove`: who may use the admin face, and as what. */
import type { OperatorJson, OperatorRoleBody } from '../../../api/operator.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { CliError } from '../cli-error.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { confirm } from '../terminal/confirm.ts';
import { layoutFields } from '../terminal/fields.ts';
import { layoutTable } from '../terminal/table.ts';
import { counted, timeInWords, timeToTheSecond } from '../terminal/words.ts';

export async function listOperators(session: Session): Promise<Ending> {
  const { items } = await (await session.adminClient()).operators();
  if (session.json) session.printJson({ items });
  else {
    const columns = ['OPERATOR', 'ROLE', 'CERTIFICATES', 'EXPIRES', 'ADDED'].map((title) => ({ title }));
    const rows = items.map((item) => rowOf(item, session.now()));
    const options = { width: session.width, givesWay: [['OPERATOR', 16]] as const, leavesOut: ['ADDED'] };
    session.printTable(layoutTable(columns, rows, options));
  }
  return 'ok';
}

/** The longest certificate decides when an operator has to renew. */
const rowOf = ({ name, role, certificates, createdAt }: OperatorJson, now: number): string[] => [
  printable(name),
  role,
  String(certificates.length),
  certificates[0] ? timeInWords(certificates[0].notAfter, now) : '-',
  timeInWords(createdAt, now),
];

export async function showOperator(session: Session, name: string): Promise<Ending> {
  const operator = await (await session.adminClient()).operator(name);
  describe(session, operator);
  return 'ok';
}

export async function changeRole(session: Session, name: string, body: OperatorRoleBody): Promise<Ending> {
  const operator = await (await session.adminClient()).changeOperatorRole(name, body);
  describe(session, operator);
  return 'ok';
}

function describe(session: Session, operator: OperatorJson): void {
  if (session.json) session.printJson(operator);
  else session.print(factsOf(operator, session));
}

function factsOf({ name, role, createdAt, certificates }: OperatorJson, session: Session): string[] {
  const lines = certificates.map(
    ({ serial, notAfter, requestedBy }) =>
      `${printable(serial)}, expires ${timeInWords(notAfter, session.now())}, asked for by ${printable(requestedBy)}`,
  );
  return layoutFields(
    [
      ['Operator', printable(name)],
      ['Role', role],
      ['Added', timeToTheSecond(createdAt)],
      ['Certificates', lines.length > 0 ? lines : 'none that is good now'],
    ],
    { columns: session.width },
  );
}

export async function removeOperator(session: Session, name: string, { yes }: { yes?: boolean }): Promise<Ending> {
  const client = await session.adminClient();
  if (session.io.mayAsk && !yes) await askFirst(session, await client.operator(name));
  const removed = await client.removeOperator(name);
  if (session.json) session.printJson(removed);
  else
    session.print(
      layoutFields([
        ['Removed', printable(removed.name)],
        ['Revoked', removed.revokedCertificates.map((serial) => printable(serial))],
      ]),
    );
  return 'ok';
}

async function askFirst(session: Session, { name, role, certificates }: OperatorJson): Promise<void> {
  const what = counted(certificates.length, 'valid certificate');
  const question = `Remove ${printable(name)} (${role}, ${what}) and revoke what it holds? This cannot be undone. [y/N] `;
  if (!(await confirm(session.io, question))) throw new CliError('declined', 'Nobody was removed.');
}
