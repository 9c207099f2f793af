/** The way to a token through processes that come and go: opened when needed, replaced when lost, with a pause between failures. */
import { keyFamily } from '../../domain/x509/key-type.ts';
import type { ReadPin } from './pin.ts';
import { PinMemory } from './pin-memory.ts';
import { ProbeKeys } from './probe-keys.ts';
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
  readonly makeRsaKeyMs: number;
}

const defaultLimits: LinkLimits = { openMs: 9000, askMs: 8000, makeRsaKeyMs: 180_000 };

/** Between attempts to open, doubled each time: that a token is back is noticed within a second, that its PIN is mended within ten. */
const pauses = { firstMs: 250, awayMs: 1000, personMs: 10_000 };

/** What only a person mends. */
const needsPerson = new Set<FaultKind>([
  'libraryMissing',
  'moduleUnusable',
  'tokenAmbiguous',
  'pinMissing',
  'pinRefused',
]);

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

interface Opening {
  readonly promise: Promise<TokenConnection>;
  /** Undefined while it is being opened. */
  connection: TokenConnection | undefined;
}

/** Asks the token, over again where that may help; everything it rejects with is a TokenFault. */
export class TokenLink {
  readonly #options: TokenLinkOptions;
  readonly #limits: LinkLimits;
  readonly #pins: PinMemory;
  readonly #probes = new ProbeKeys();
  readonly #alive = new Set<TokenConnection>();
  #opening: Opening | undefined;
  #fault: TokenFault | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: TokenLinkOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultLimits;
    this.#pins = new PinMemory(options.readPin);
  }

  /** Opens the token for the first time; unless the link is closed when that fails, it goes on trying. */
  async open(): Promise<void> {
    await this.#connected();
  }

  /** Why every ask is refused at once; undefined again when an attempt in the background has opened the token. */
  fault(): TokenFault | undefined {
    return this.#fault;
  }

  /** Asked again on a new connection when the first is lost, where that does no harm. */
  async ask<Act extends TokenAct>(act: Act, takes: TokenActs[Act]['takes']): Promise<TokenActs[Act]['gives']> {
    const asked = performance.now();
    const first = await this.#askOnce(act, takes);
    if ('gives' in first) return first.gives;
    const isOver = first.fault.kind !== 'lost' || this.#fault !== undefined;
    if (isOver) throw first.fault;
    const mayRepeat = repeatable[act] && performance.now() - asked < this.#limits.askMs;
    const second = mayRepeat ? await this.#askOnce(act, takes) : first;
    if ('gives' in second) return second.gives;
    if (second.fault.kind === 'lost' && this.#probes.concernsAll(takes, asked)) this.#fail(second.fault);
    throw second.fault;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await Promise.all([...this.#alive].map((each) => each.close()));
  }

  async #askOnce<Act extends TokenAct>(
    act: Act,
    takes: TokenActs[Act]['takes'],
  ): Promise<{ gives: TokenActs[Act]['gives'] } | { fault: TokenFault }> {
    let connection: TokenConnection | undefined;
    try {
      connection = await this.#connected();
      const gives = await connection.ask(act, takes, this.#patience(takes));
      this.#probes.worked(takes);
      return { gives };
    } catch (error) {
      const fault = faultOf(error, 'The token');
      if (fault.kind === 'lost' && connection) this.#replace(connection);
      if (fault.kind === 'pinRefused' && connection) this.#refusePin(fault);
      return { fault };
    }
  }

  #patience(takes: TokenActs[TokenAct]['takes']): number {
    const makesRsa = takes !== null && 'type' in takes && keyFamily(takes.type) === 'rsa';
    return makesRsa ? this.#limits.makeRsaKeyMs : this.#limits.askMs;
  }

  #connected(): Promise<TokenConnection> {
    if (this.#closed) return Promise.reject(new TokenFault('lost', 'The vault is closed.'));
    if (this.#fault) return Promise.reject(this.#fault);
    this.#opening ??= this.#startOpening();
    return this.#opening.promise;
  }

  #startOpening(): Opening {
    const opening: Opening = { promise: this.#connect(), connection: undefined };
    opening.promise.then(
      (connection) => {
        opening.connection = connection;
      },
      (fault) => this.#fail(fault),
    );
    return opening;
  }

  async #connect(): Promise<TokenConnection> {
    const { address, env } = this.#options;
    const login = await this.#pins.login();
    const connection = new TokenConnection({ entry, env, sessions: address.sessions });
    this.#alive.add(connection);
    void connection.ended.then(() => this.#alive.delete(connection));
    try {
      await connection.ask('open', { address, login }, this.#limits.openMs);
      if (this.#closed) throw new TokenFault('lost', 'The vault is closed.');
      this.#pins.proved();
      return connection;
    } catch (error) {
      void connection.close();
      const fault = faultOf(error, 'Opening the token');
      if (fault.kind === 'pinRefused') this.#pins.refuse(fault);
      throw fault;
    }
  }

  /** Many asks are lost together; the first of them replaces, and what is under way may still come to its end. */
  #replace(lost: TokenConnection): void {
    if (this.#opening?.connection === lost) this.#opening = undefined;
    lost.retire();
  }

  /** In the middle of work: for a key that wants the PIN each time. */
  #refusePin(fault: TokenFault): void {
    this.#pins.refuse(fault);
    this.#fail(fault);
  }

  #fail(fault: TokenFault): void {
    if (this.#closed || this.#fault) return;
    this.#opening?.promise.then(
      (connection) => connection.retire(),
      () => undefined,
    );
    this.#opening = undefined;
    this.#fault = fault;
    this.#options.onChange(fault);
    this.#tryLater(pauses.firstMs);
  }

  #tryLater(pauseMs: number): void {
    if (!this.#closed) this.#timer = setTimeout(() => void this.#tryAgain(pauseMs), pauseMs).unref();
  }

  async #tryAgain(pauseMs: number): Promise<void> {
    let connection: TokenConnection | undefined;
    try {
      connection = await this.#connect();
      const opened = connection;
      await this.#probes.try((takes) => opened.ask('sign', takes, this.#limits.askMs));
      this.#opening = { promise: Promise.resolve(opened), connection: opened };
      this.#fault = undefined;
      if (!this.#closed) this.#options.onChange(undefined);
    } catch (error) {
      connection?.retire();
      const fault = faultOf(error, 'Opening the token');
      if (fault.kind !== this.#fault?.kind && !this.#closed) this.#options.onChange(fault);
      this.#fault = fault;
      this.#tryLater(Math.min(pauseMs * 2, needsPerson.has(fault.kind) ? pauses.personMs : pauses.awayMs));
    }
  }
}

const entry: ConnectionOptions['entry'] = new URL('./token-process.ts', import.meta.url);
