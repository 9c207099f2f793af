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
  else {
    session.printTable(vaultTable(session, items));
    printFaults(session, items);
  }
  return 'ok';
}

function vaultTable(session: Session, items: readonly VaultJson[]): Table {
  const columns = ['VAULT', 'STATE', 'AUTHORITIES'].map((title) => ({ title }));
  const cells = items.map(({ name, configured, fault, takesNewAuthorities, authorities }) => [
    printable(name),
    (fault === null ? 'ready' : configured ? 'not ready' : 'not configured') +
      (takesNewAuthorities ? ', for new authorities' : ''),
    authorities.length === 0 ? '-' : authorities.map((authority) => printable(authority)).join(', '),
  ]);
  const options = { width: session.width, givesWay: [['AUTHORITIES', 11]], leavesOut: [] } as const;
  return layoutTable(columns, cells, options);
}

/** Ends with `failed` when a key does not sign or the vault cannot be used, so that a script notices. */
export async function checkVault(session: Session, name: string): Promise<Ending> {
  const check = await (await session.adminClient()).checkVault(name);
  if (session.json) session.printJson(check);
  else if (check.keys.length === 0) {
    session.note([`The vault ${printable(name)} holds the key of no authority.`, ...faults([check])]);
  } else {
    session.printTable(keyTable(session, check));
    printFaults(
      session,
      check.keys.map(({ authority, fault }) => ({ name: authority, fault })),
    );
  }
  return check.fault === null && check.keys.every(({ verified }) => verified) ? 'ok' : 'failed';
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

type Faulty = Pick<VaultJson, 'name' | 'fault'>;

function printFaults(session: Session, items: readonly Faulty[]): void {
  const lines = faults(items);
  if (lines.length > 0) session.print(['', ...lines]);
}

const faults = (items: readonly Faulty[]): string[] =>
  items.flatMap(({ name, fault }) =>
    fault === null ? [] : [`${printable(name)}: ${printable(fault.code)}: ${safeText(fault.message)}`],
  );
