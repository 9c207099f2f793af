/** The numbers of generations: each is used once, also where a restore forgot that it was, for lists and addresses carry it. */
import type { Inventory } from '../../ports/inventory.ts';

const settingOf = (authority: string): string => `generationsUpTo:${authority}`;

const takenUpTo = async (inventory: Pick<Inventory, 'setting'>, authority: string): Promise<number> =>
  Number((await inventory.setting(settingOf(authority))) ?? 0);

/** Generations up to this number were made, whether or not the inventory knows them. */
export async function skipGenerations(
  inventory: Pick<Inventory, 'setting' | 'setSetting'>,
  authority: string,
  upTo: number,
): Promise<void> {
  if (upTo > (await takenUpTo(inventory, authority))) await inventory.setSetting(settingOf(authority), String(upTo));
}

export async function nextGenerationNumber(
  inventory: Pick<Inventory, 'generations' | 'setting'>,
  authority: string,
): Promise<number> {
  const known = (await inventory.generations()).filter((one) => one.authority === authority);
  return Math.max(await takenUpTo(inventory, authority), ...known.map(({ number }) => number)) + 1;
}
