/** `privyseal environment add|list|show`. */
import type { EnvironmentBody, EnvironmentJson } from '../../../api/service.ts';
import { printable } from '../../../domain/policy/printable.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { layoutFields } from '../terminal/fields.ts';
import { layoutTable } from '../terminal/table.ts';

export async function addEnvironment(session: Session, body: EnvironmentBody): Promise<Ending> {
  const made = await (await session.adminClient()).createEnvironment(body);
  if (session.json) session.printJson(made);
  else session.print(layoutFields(factsOf(made)));
  return 'ok';
}

export async function showEnvironment(session: Session, name: string): Promise<Ending> {
  const environment = await (await session.adminClient()).environment(name);
  if (session.json) session.printJson(environment);
  else session.print(layoutFields(factsOf(environment)));
  return 'ok';
}

const factsOf = (environment: EnvironmentJson): [string, string][] => [
  ['Environment', printable(environment.name)],
  ['Hierarchy', environment.hierarchy],
  ['Authorities', environment.authorities.map((name) => printable(name)).join(', ')],
  ['Profiles', environment.profiles.map((name) => printable(name)).join(', ')],
];

export async function listEnvironments(session: Session): Promise<Ending> {
  const { items } = await (await session.adminClient()).environments();
  if (session.json) session.printJson({ items });
  else print(session, ['ENVIRONMENT', 'HIERARCHY', 'AUTHORITIES', 'PROFILES'], items.map(rowOf), ['PROFILES']);
  return 'ok';
}

const rowOf = (environment: EnvironmentJson): string[] => factsOf(environment).map(([, value]) => value);

function print(
  session: Session,
  titles: readonly string[],
  rows: readonly string[][],
  leavesOut: readonly string[],
): void {
  const columns = titles.map((title) => ({ title }));
  const givesWay = leavesOut.map((title) => [title, 9] as const);
  const options = { width: session.width, givesWay, leavesOut };
  session.printTable(layoutTable(columns, rows, options));
}
