/** `privyseal vault list` and `vault check`: where the keys of authorities are, and whether they sign. */
import type { VaultCheckJson, VaultJson, VaultKeyCheckJson } from '../../../api/vault.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { safeText } from '../../../domain/policy/safe-text.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { paintFor } from '../terminal/paint.ts';
import { layoutTable, type Table } from '../terminal/table.ts';

export async function listVaults(session: Session): Promise<Ending> {
  const { items } = await (await session.adminClient()).vaults();
  if (session.json) session.printJson({ items });
  else session.printTable(vaultTable(session, items));
  return 'ok';
}

function vaultTable(session: Session, items: readonly VaultJson[]): Table {
  const columns = ['VAULT', 'STATE', 'AUTHORITIES'].map((title) => ({ title }));
  const cells = items.map(({ name, configured, takesNewAuthorities, authorities }) => [
    printable(name),
    configured ? `configured${takesNewAuthorities ? ', for new authorities' : ''}` : 'not configured',
    authorities.length === 0 ? '-' : authorities.map((authority) => printable(authority)).join(', '),
  ]);
  const options = { width: session.width, givesWay: [['AUTHORITIES', 11]], leavesOut: [] } as const;
  return layoutTable(columns, cells, options);
}

/** Ends with `failed` when a key does not sign, so that a script notices. */
export async function checkVault(session: Session, name: string): Promise<Ending> {
  const check = await (await session.adminClient()).checkVault(name);
  if (session.json) session.printJson(check);
  else if (check.keys.length === 0) session.note([`The vault ${printable(name)} holds the key of no authority.`]);
  else {
    session.printTable(keyTable(session, check));
    const found = faults(check);
    if (found.length > 0) session.print(found);
  }
  return check.keys.every(({ verified }) => verified) ? 'ok' : 'failed';
}

function keyTable(session: Session, { keys }: VaultCheckJson): Table {
  const paint = paintFor(session.io);
  const columns = ['AUTHORITY', 'GENERATION', 'KEY', 'ALGORITHM', 'PROBE', 'LATENCY', 'SLOWEST', 'RATE'].map(
    (title) => ({ title }),
  );
  return layoutTable(columns, keys.map(rowOf), {
    width: session.width,
    givesWay: [['KEY', 12]],
    leavesOut: ['SLOWEST', 'KEY', 'ALGORITHM', 'GENERATION'],
    finish: ({ title }, padded, cell) =>
      title === 'PROBE' ? paint(cell === 'verified' ? 'green' : 'red', padded) : padded,
  });
}

const rowOf = (check: VaultKeyCheckJson): string[] => [
  printable(check.authority),
  String(check.generation),
  ...[check.key, check.signatureAlgorithm].map((text) => printable(text)),
  check.verified ? 'verified' : 'failed',
  figure(check.latencyMs, 'ms'),
  figure(check.slowestMs, 'ms'),
  figure(check.signaturesPerSecond, '/s'),
];

/** Three figures are all that a probe is worth. */
const figure = (value: number | null, unit: string): string =>
  value === null ? '-' : `${Number(value.toPrecision(3))} ${unit}`;

function faults({ keys }: VaultCheckJson): string[] {
  const lines = keys.flatMap(({ authority, fault }) =>
    fault === null ? [] : [`${printable(authority)}: ${printable(fault.code)}: ${safeText(fault.message)}`],
  );
  return lines.length === 0 ? [] : ['', ...lines];
}
