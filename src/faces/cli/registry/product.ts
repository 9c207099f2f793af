/** `privyseal product add|update|list|show|remove`. */
import type { ProductChangeBody, ProductJson } from '../../../api/product.ts';
import { readNameRules } from '../../../domain/policy/plain-name-rule.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { CliError } from '../cli-error.ts';
import { collectPages } from '../collect-pages.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { confirm } from '../terminal/confirm.ts';
import { type Field, layoutFields } from '../terminal/fields.ts';
import { layoutTable, type Table } from '../terminal/table.ts';
import { timeInWords, timeToTheSecond } from '../terminal/words.ts';

/** Each as it was given, several times perhaps. */
export interface ProductOptions {
  /** Rules in plain words. */
  readonly name: readonly string[];
  readonly profile?: readonly string[];
  readonly contact?: readonly string[];
  readonly alerts?: ProductJson['alerts'];
}

/** The options of `ProductOptions` are lists that replace those before. */
export interface ProductChanges extends Partial<ProductOptions> {
  readonly addName?: readonly string[];
  readonly removeName?: readonly string[];
  readonly addProfile?: readonly string[];
}

export async function addProduct(session: Session, id: string, options: ProductOptions): Promise<Ending> {
  const [environment = '', name = ''] = id.split('/');
  const body = {
    environment,
    name,
    nameRules: [...options.name],
    ...(options.profile && { profiles: [...options.profile] }),
    ...(options.contact && { contacts: [...options.contact] }),
    ...(options.alerts && { alerts: options.alerts }),
  };
  return report(session, await (await session.adminClient()).createProduct(body));
}

/** What is not given stays as it was read; if somebody changes the product meanwhile, the service refuses. */
export async function updateProduct(session: Session, id: string, options: ProductChanges): Promise<Ending> {
  if (Object.keys(options).length === 0) {
    const ways = 'Give --add-name, --remove-name, --add-profile, --name, --profile, --contact or --alerts.';
    throw new CliError('usage', `Nothing of ${id} is to be changed. ${ways}`);
  }
  const client = await session.adminClient();
  const before = await client.product(id);
  const body = {
    version: before.version,
    nameRules: changedRules(before, options),
    profiles: [...new Set([...(options.profile ?? before.profiles), ...(options.addProfile ?? [])])],
    contacts: options.contact ? [...options.contact] : before.contacts,
    alerts: options.alerts ?? before.alerts,
  };
  const after = await client.changeProduct(id, body);
  // Agents find out when they rotate, which may be weeks from now.
  const gone = before.nameRules.map(ruleText).filter((text) => !after.nameRules.map(ruleText).includes(text));
  return report(session, after, gone.length === 0 ? [] : [['No longer', gone.map((text) => printable(text, 2048))]]);
}

function changedRules(
  before: ProductJson,
  { name, addName = [], removeName = [] }: ProductChanges,
): ProductChangeBody['nameRules'] {
  const removed = removeName.flatMap((text) => rulesNamed(text, before));
  const kept = before.nameRules.filter((rule) => !removed.includes(ruleKey(rule)));
  return [...(name ?? kept), ...addName];
}

/** Those that the text would have added; a name that the product has not was mistyped, or is gone already. */
function rulesNamed(text: string, { id, nameRules }: ProductJson): string[] {
  const keys = readNameRules(text, '--remove-name').map(ruleKey);
  const isThere = keys.some((key) => nameRules.some((rule) => ruleKey(rule) === key));
  if (isThere) return keys;
  const told = nameRules.map(ruleText).join(', ');
  throw new CliError('usage', `${id} has no name ${printable(text)} to remove. It has ${printable(told, 2048)}.`);
}

const ruleKey = ({ kind, value }: ProductJson['nameRules'][number]): string => `${kind}:${value}`;

export async function showProduct(session: Session, id: string, version: number | undefined): Promise<Ending> {
  return report(session, await (await session.adminClient()).product(id, version));
}

export async function removeProduct(session: Session, id: string, { yes }: { yes?: boolean }): Promise<Ending> {
  const client = await session.adminClient();
  if (session.io.mayAsk && !yes) {
    const question = `Remove ${printable(id)}? Its tokens end with it; its history stays. [y/N] `;
    if (!(await confirm(session.io, question))) throw new CliError('declined', 'Nothing was removed.');
  }
  await client.removeProduct(id);
  const removed = await client.product(id);
  if (session.json) session.printJson(removed);
  else session.print(layoutFields([['Removed', `${printable(id)}, at version ${removed.version}`]]));
  return 'ok';
}

export async function listProducts(session: Session, query: { environment?: string }): Promise<Ending> {
  const client = await session.adminClient();
  const items = await collectPages((page) => client.products({ ...query, ...page }));
  if (session.json) session.printJson({ items });
  else if (items.length === 0) session.note(['There are no products.']);
  else session.printTable(tableOf(session, items));
  return 'ok';
}

const columns = ['PRODUCT', 'VERSION', 'NAMES', 'PROFILES', 'CONTACTS'].map((title) => ({ title }));

function tableOf(session: Session, items: readonly ProductJson[]): Table {
  const rows = items.map(({ id, version, nameRules, profiles, contacts }) =>
    [id, String(version), nameRules.map(ruleText).join(' '), profiles.join(' '), contacts.join(' ') || '-'].map(
      (text) => printable(text, 2048),
    ),
  );
  const givesWay = [
    ['NAMES', 24],
    ['CONTACTS', 12],
    ['PROFILES', 8],
    ['PRODUCT', 20],
  ] as const;
  return layoutTable(columns, rows, { width: session.width, givesWay, leavesOut: ['CONTACTS', 'PROFILES'] });
}

function report(session: Session, product: ProductJson, more: readonly Field[] = []): Ending {
  if (session.json) session.printJson(product);
  else session.print(layoutFields([...factsOf(product, session.now()), ...more]));
  return 'ok';
}

function factsOf(product: ProductJson, now: number): Field[] {
  const time = (text: string): string => `${timeToTheSecond(text)} (${timeInWords(text, now)})`;
  const safe = (texts: readonly string[]): string[] => texts.map((text) => printable(text, 2048));
  return [
    ['Product', printable(product.id)],
    ['Version', `${product.version}, made ${time(product.createdAt)}`],
    ...(product.removedAt === null ? [] : [['Removed', time(product.removedAt)] as const]),
    ['Names', safe(product.nameRules.map(ruleText))],
    ['Profiles', printable(product.profiles.join(', '), 2048)],
    ['Contacts', product.contacts.length > 0 ? safe(product.contacts) : '-'],
    ['Alerts', product.alerts],
  ];
}

/** As `--name` takes it, where it can; a wildcard alone is told by its kind. */
function ruleText({ kind, value }: ProductJson['nameRules'][number]): string {
  if (kind === 'wildcard') return `*.${value} (itself)`;
  return kind === 'subdomain' ? `.${value}` : value;
}
