/** Tells whoever knows a serial when that certificate should be rotated, and nothing else of it. Kept ready for a fleet that asks often. */
import { CaError } from '../../domain/errors.ts';
import { type RenewalWindow, renewalWindow } from '../../domain/policy/renewal-window.ts';
import { parseSerial } from '../../domain/x509/serial.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { RevocationNews } from '../revoking/revocation-news.ts';

/** The same object for as long as it is kept, so that a face need not write it out anew. */
export interface RenewalInfo extends RenewalWindow {
  readonly serial: string;
  /** When to ask again. */
  readonly retryAfterSeconds: number;
}

export interface RenewalDeps {
  readonly inventory: Pick<Inventory, 'certificate' | 'campaignTurns'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly news: RevocationNews;
}

export interface RenewalInfos {
  find(serialText: string): Promise<RenewalInfo>;
  /** The answer of `find`, if it is kept. */
  ready(serialText: string): RenewalInfo | undefined;
  /** The next `find` reads it again: it was rotated here. */
  forget(serial: string): void;
  /** The same for all of them. */
  forgetAll(): void;
}

/** A campaign must not stay unheard for longer (RFC 9773 §4.3). */
const askAgainSeconds = 3600;
/** While one is under way it may be paused, or its time may change; a hold may be released. */
const askAgainSoonSeconds = 300;

/** What another process changes is seen after so long. */
const keptMs = 60_000;
/** Some 10 MB when it is full. */
const maxKept = 25_000;

interface Kept {
  readonly info: RenewalInfo;
  /** Monotonic milliseconds. */
  readonly until: number;
}

/** A serial holds 128 random bits: nobody meets one by trying. The service's own certificates are not rotated by others. */
export function createRenewalInfos({ inventory, clock, news }: RenewalDeps): RenewalInfos {
  const kept = new Map<string, Kept>();
  let changes = 0;
  const forget = (serial: string): void => {
    changes += 1;
    kept.delete(serial);
  };
  news.onChange(({ serial }) => forget(serial));

  const keep = (info: RenewalInfo): void => {
    const [oldest] = kept.size >= maxKept ? kept.keys() : [];
    if (oldest !== undefined) kept.delete(oldest);
    kept.delete(info.serial);
    kept.set(info.serial, { info, until: clock.monotonic() + keptMs });
  };

  const ready = (serialText: string): RenewalInfo | undefined => {
    const known = kept.get(serialText);
    return known && known.until > clock.monotonic() ? known.info : undefined;
  };

  return {
    ready,
    async find(serialText) {
      const known = ready(serialText);
      if (known) return known;
      const changesBefore = changes;
      const info = await read(inventory, serialText);
      // What was read while something changed may be of before the change.
      if (changes === changesBefore) keep(info);
      return info;
    },
    forget,
    forgetAll() {
      changes += 1;
      kept.clear();
    },
  };
}

async function read(inventory: RenewalDeps['inventory'], serialText: string): Promise<RenewalInfo> {
  const serial = parseSerial(serialText);
  const record = serial === undefined ? undefined : await inventory.certificate(serial);
  if (!record || record.issuedAt === null || record.purpose !== 'product') {
    throw new CaError('notFound', 'There is no certificate of a product with this serial. Check the serial.');
  }
  const turns = await inventory.campaignTurns(record.serial);
  const window = renewalWindow(record, turns);
  const isAsked = turns.length > 0 && (window.reason === 'campaign' || window.reason === 'lifetime');
  const mayChange = isAsked || window.reason === 'held';
  return { serial: record.serial, ...window, retryAfterSeconds: mayChange ? askAgainSoonSeconds : askAgainSeconds };
}
