/** What is known of PINs: one that was refused is never given to the token again, as long as this process lives. */
import { createHmac, randomBytes } from 'node:crypto';
import type { ReadPin } from './pin.ts';
import { TokenFault } from './token-fault.ts';
import type { Login } from './token-messages.ts';

export class PinMemory {
  readonly #readPin: ReadPin;
  /** A PIN is guessed from its bare hash at once; under a key of this process it says nothing outside. */
  readonly #key = randomBytes(32);
  readonly #refused = new Map<string, TokenFault>();
  #proven: string | undefined;
  #tried: string | undefined;

  constructor(readPin: ReadPin) {
    this.#readPin = readPin;
  }

  /** Throws the fault of the time when this PIN was refused; TokenFault `pinMissing` when there is none to be read now. */
  async login(): Promise<Login> {
    const pin = await this.#readPin().catch((error: Error) => {
      throw new TokenFault('pinMissing', error.message, error);
    });
    if (pin === undefined) return { proven: false };
    const mark = createHmac('sha256', this.#key).update(pin).digest('base64');
    const refused = this.#refused.get(mark);
    if (refused) throw refused;
    this.#tried = mark;
    return { pin, proven: mark === this.#proven };
  }

  /** The last one that `login` gave has opened the token. */
  proved(): void {
    this.#proven = this.#tried;
  }

  /** The last one that `login` gave was refused. */
  refuse(fault: TokenFault): void {
    if (this.#tried !== undefined) this.#refused.set(this.#tried, fault);
  }
}
