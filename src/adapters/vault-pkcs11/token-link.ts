/** The way to a token through processes that come and go: opened when needed, replaced when lost, with a pause between failures. */
import { StartError } from '../../domain/errors.ts';
import type { ReadPin } from './pin.ts';
import { PinMemory } from './pin-memory.ts';
import { type ConnectionOptions, TokenConnection } from './token-connection.ts';
import { faultOf, TokenFault } from './token-fault.ts';
import type { TokenAct, TokenActs, TokenAddress } from './token-messages.ts';

export interface TokenLinkOptions {
  readonly address: TokenAddress;
  readonly readPin: ReadPin;
  readonly env: NodeJS.ProcessEnv;
  readonly limits?: LinkLimits;
}

/** After so many milliseconds of silence the module counts as hung. */
export interface LinkLimits {
  readonly openMs: number;
  readonly askMs: number;
  /** An HSM may look for the primes of RSA-4096 for a minute and more. */
  readonly createKeyMs: number;
}

const defaultLimits: LinkLimits = { openMs: 30_000, askMs: 8000, createKeyMs: 180_000 };

/** Between attempts to open; doubled each time, to the second: a token that is back is noticed within one. */
const pauses = { firstMs: 250, longestMs: 1000 };

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
  #failed: { readonly fault: TokenFault; readonly pauseMs: number; readonly until: number } | undefined;
  #closed = false;

  constructor(options: TokenLinkOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultLimits;
    this.#pins = new PinMemory(options.readPin);
  }

  /** Opens the token, if that has not happened; what goes wrong is a TokenFault, or a StartError of the PIN's source. */
  async open(): Promise<void> {
    await this.#connected();
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

  #current: TokenConnection | undefined;

  #connected(): Promise<TokenConnection> {
    if (this.#closed) return Promise.reject(new TokenFault('lost', 'The vault is closed.'));
    if (this.#failed && Date.now() < this.#failed.until) return Promise.reject(this.#failed.fault);
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
      this.#pins.proved();
      this.#failed = undefined;
      this.#current = connection;
      return connection;
    } catch (error) {
      void connection?.close();
      this.#connection = undefined;
      const fault = error instanceof StartError ? new TokenFault('pinMissing', error.message, error) : faultOf(error, 'Opening');
      if (fault.kind === 'pinRefused') this.#pins.refuse(fault);
      const pauseMs = Math.min((this.#failed?.pauseMs ?? pauses.firstMs / 2) * 2, pauses.longestMs);
      this.#failed = { fault, pauseMs, until: Date.now() + pauseMs };
      throw fault;
    }
  }
}

const entry: ConnectionOptions['entry'] = new URL('./token-process.ts', import.meta.url);

const faulty = (error: unknown): never => {
  throw faultOf(error, 'Opening the token');
};
