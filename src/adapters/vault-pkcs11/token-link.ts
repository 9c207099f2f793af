/** The way to a token through processes that come and go: opened when needed, replaced when lost, with a pause between failures. */
import type { ReadPin } from './pin.ts';
import { PinMemory } from './pin-memory.ts';
import { type ConnectionOptions, TokenConnection } from './token-connection.ts';
import { type FaultKind, faultOf, TokenFault } from './token-fault.ts';
import type { TokenAct, TokenActs, TokenAddress } from './token-messages.ts';

export interface TokenLinkOptions {
  readonly address: TokenAddress;
  readonly readPin: ReadPin;
  readonly env: NodeJS.ProcessEnv;
  readonly limits?: LinkLimits;
  /** Told when the token cannot be opened any more, and, with undefined, when it is open again. */
  onChange(fault: TokenFault | undefined): void;
}

/** After so many milliseconds of silence the module counts as hung. */
export interface LinkLimits {
  readonly openMs: number;
  readonly askMs: number;
  /** An HSM may look for the primes of RSA-4096 for a minute and more. */
  readonly createKeyMs: number;
}

const defaultLimits: LinkLimits = { openMs: 9000, askMs: 8000, createKeyMs: 180_000 };

/** Between attempts to open, doubled each time: a token that is back is noticed within a second, a PIN that is mended within some. */
const pauses = { firstMs: 250, awayMs: 1000, personMs: 10_000 };

/** What only a person mends. */
const needsPerson = new Set<FaultKind>([
  'libraryMissing',
  'moduleUnusable',
  'tokenAmbiguous',
  'pinMissing',
  'pinRefused',
]);

/** A connection younger than this is not replaced for a fault of its token: it would be no better. */
const youngMs = 1000;

/** What may be asked twice without harm. */
const repeatable: Readonly<Record<TokenAct, boolean>> = {
  open: false,
  listKeys: true,
  findKey: true,
  checkKey: true,
  createKey: false,
  destroyKey: false,
  sign: true,
};

export class TokenLink {
  readonly #options: TokenLinkOptions;
  readonly #limits: LinkLimits;
  readonly #pins: PinMemory;
  #connection: Promise<TokenConnection> | undefined;
  #current: TokenConnection | undefined;
  #failed: { readonly fault: TokenFault; readonly pauseMs: number; readonly timer: NodeJS.Timeout } | undefined;
  #closed = false;

  constructor(options: TokenLinkOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultLimits;
    this.#pins = new PinMemory(options.readPin);
  }

  /** Opens the token for the first time. Rejects with TokenFault; unless it is closed then, the link goes on trying. */
  async open(): Promise<void> {
    await this.#connected();
  }

  /** Why every ask is refused at once, for now. */
  fault(): TokenFault | undefined {
    return this.#failed?.fault;
  }

  /** Asked again on a new connection when the first is lost, where that does no harm. Rejects with TokenFault. */
  async ask<Act extends TokenAct>(act: Act, takes: TokenActs[Act]['takes']): Promise<TokenActs[Act]['gives']> {
    const connection = await this.#connected().catch(faulty);
    const silentMs = act === 'createKey' ? this.#limits.createKeyMs : this.#limits.askMs;
    const asked = Date.now();
    try {
      return await connection.ask(act, takes, silentMs);
    } catch (error) {
      const fault = this.#judge(error, connection);
      if (fault.kind !== 'lost' || !repeatable[act] || Date.now() - asked >= this.#limits.askMs) throw fault;
    }
    const another = await this.#connected().catch(faulty);
    return another.ask(act, takes, silentMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#failed?.timer);
    const connection = await this.#connection?.catch(() => undefined);
    await connection?.close();
  }

  /** What a fault means for those who ask next. */
  #judge(error: unknown, connection: TokenConnection): TokenFault {
    const fault = faultOf(error, 'The token');
    if (fault.kind === 'pinRefused') this.#pins.refuse(fault);
    const isYoung = Date.now() - connection.madeAt < youngMs;
    if (fault.kind === 'pinRefused' || (fault.kind === 'lost' && (connection.isGone || !isYoung))) {
      this.#replace(connection);
    }
    return fault;
  }

  /** Many asks are lost together; the first of them replaces. */
  #replace(lost: TokenConnection): void {
    if (this.#current !== lost) return;
    this.#connection = undefined;
    this.#current = undefined;
    lost.retire();
  }

  #connected(): Promise<TokenConnection> {
    if (this.#closed) return Promise.reject(new TokenFault('lost', 'The vault is closed.'));
    if (this.#failed) return Promise.reject(this.#failed.fault);
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  async #connect(): Promise<TokenConnection> {
    const { address, env } = this.#options;
    let connection: TokenConnection | undefined;
    try {
      const login = await this.#pins.login();
      connection = new TokenConnection({ entry, env, sessions: address.sessions });
      await connection.ask('open', { address, login }, this.#limits.openMs);
    } catch (error) {
      void connection?.close();
      const fault = faultOf(error, 'Opening the token');
      if (fault.kind === 'pinRefused') this.#pins.refuse(fault);
      this.#fail(fault);
      throw fault;
    }
    this.#pins.proved();
    this.#current = connection;
    if (this.#failed) this.#options.onChange(undefined);
    this.#failed = undefined;
    return connection;
  }

  /** From now on asks are refused at once, until an attempt to open that nobody waits for has succeeded. */
  #fail(fault: TokenFault): void {
    this.#connection = undefined;
    if (this.#closed) return;
    const longestMs = needsPerson.has(fault.kind) ? pauses.personMs : pauses.awayMs;
    const pauseMs = Math.min((this.#failed?.pauseMs ?? pauses.firstMs / 2) * 2, longestMs);
    if (this.#failed?.fault.kind !== fault.kind) this.#options.onChange(fault);
    const again = (): void => {
      this.#connection = this.#connect();
      this.#connection.catch(() => undefined);
    };
    this.#failed = { fault, pauseMs, timer: setTimeout(again, pauseMs).unref() };
  }
}

const entry: ConnectionOptions['entry'] = new URL('./token-process.ts', import.meta.url);

const faulty = (error: unknown): never => {
  throw faultOf(error, 'Opening the token');
};
