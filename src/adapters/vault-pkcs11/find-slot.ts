/** Which slot holds the token that the settings name: slots change their numbers, labels and serials stay. */
import type { Cryptoki, SlotHandle } from './cryptoki.ts';
import { ckf } from './cryptoki-numbers.ts';
import { TokenFault } from './token-fault.ts';
import type { TokenAddress } from './token-messages.ts';

export interface FoundToken {
  readonly slot: SlotHandle;
  readonly label: string;
  readonly serial: string;
  readonly flags: number;
}

/** TokenFault `tokenAbsent`, `tokenAmbiguous`. */
export function findSlot(cryptoki: Cryptoki, address: TokenAddress): FoundToken {
  const tokens = cryptoki.C_GetSlotList(true).flatMap((slot) => describeToken(cryptoki, slot));
  const fitting = tokens.filter(
    ({ label, serial }) =>
      (address.label === undefined || address.label === label) &&
      (address.serial === undefined || address.serial === serial),
  );
  const [found, another] = fitting;
  if (found && !another) return found;
  const wanted = describe(address);
  if (found) {
    const serials = fitting.map(({ serial }) => serial).join(', ');
    throw new TokenFault('tokenAmbiguous', `Several tokens have ${wanted}: name one by its serial (${serials}).`);
  }
  const present = tokens.map(({ label, serial }) => `${label} (serial ${serial})`).join(', ') || 'none';
  throw new TokenFault('tokenAbsent', `No slot holds a token with ${wanted}. Tokens that are there: ${present}.`);
}

const describe = ({ label, serial }: TokenAddress): string =>
  [label === undefined ? [] : [`label ${label}`], serial === undefined ? [] : [`serial ${serial}`]]
    .flat()
    .join(' and ');

/** A slot that cannot be asked hides no other: its token may just be going. */
function describeToken(cryptoki: Cryptoki, slot: SlotHandle): FoundToken[] {
  try {
    const { label, serialNumber, flags } = cryptoki.C_GetTokenInfo(slot);
    if ((flags & ckf.tokenInitialized) === 0) return [];
    return [{ slot, label: trimmed(label), serial: trimmed(serialNumber), flags }];
  } catch {
    return [];
  }
}

/** Both are padded with blanks to their fields' length. */
const trimmed = (padded: string): string => padded.replace(/[\0 ]+$/, '');
