/** `privyseal environment add|list|show`. */
import type { EnvironmentBody, EnvironmentJson } from '../../../api/service.ts';
import { printable } from '../../../domain/policy/printable.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { layoutFields } from '../terminal/fields.ts';
import { layoutTable, type Table } from '../terminal/table.ts';

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
  else session.printTable(table(session, items));
  return 'ok';
}

const rowOf = (environment: EnvironmentJson): string[] => factsOf(environment).map(([, value]) => value);

function table(session: Session, items: readonly EnvironmentJson[]): Table {
  const columns = ['ENVIRONMENT', 'HIERARCHY', 'AUTHORITIES', 'PROFILES'].map((title) => ({ title }));
  const givesWay = ['PROFILES', 'AUTHORITIES', 'ENVIRONMENT'].map((title) => [title, 12] as const);
  return layoutTable(columns, items.map(rowOf), { width: session.width, givesWay, leavesOut: ['PROFILES'] });
}
