/** One process with the vendor's module, as the vault sees it: asked in batches, watched, and killed when it hangs. */
import { type ChildProcess, fork } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { setImmediate as endOfTurn } from 'node:timers';
import { TokenFault } from './token-fault.ts';
import type { TokenAct, TokenActs, TokenAnswer, TokenAsk } from './token-messages.ts';

export interface ConnectionOptions {
  /** The first module of the process. */
  readonly entry: URL;
  /** The vault's; what is the service's own is left out, what the module reads is not. */
  readonly env: NodeJS.ProcessEnv;
  /** Signatures at a time, each of which holds a thread of that process. */
  readonly sessions: number;
}

interface Pending {
  readonly silentMs: number;
  resolve(gives: TokenActs[TokenAct]['gives']): void;
  reject(fault: TokenFault): void;
}

/** How soon it is noticed that a process says nothing any more. */
const watchMs = 250;
/** For the module to end its sessions. */
const goodbyeMs = 2000;

export class TokenConnection {
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #gathered: TokenAsk[] = [];
  #nextId = 0;
  /**
   * By the monotonic clock: a wall clock that is put right makes no module look hung, and hides none that is. What this process stood
   * still itself, as with its machine, counts for nothing: what was answered meanwhile is not heard yet.
   */
  #silentMs = 0;
  #watch: NodeJS.Timeout | undefined;
  #gone: TokenFault | undefined;
  #retired = false;

  constructor({ entry, env, sessions }: ConnectionOptions) {
    this.#child = fork(entry, [], {
      env: environment(env, sessions),
      execArgv: [],
      serialization: 'advanced',
      // Nobody reads what a vendor's module prints: it may be anything.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#child.on('message', (answers: readonly TokenAnswer[]) => this.#hear(answers));
    this.#child.on('error', (error) => {
      this.#end(new TokenFault('lost', 'The module’s process cannot run.', error));
      // Without a process there is no exit of one.
      if (this.#child.pid === undefined) resolve();
    });
    this.#child.on('exit', (code, signal) => {
      this.#end(new TokenFault('lost', `The module’s process ended (${signal ?? code}).`));
      resolve();
    });
    // An idle token keeps nothing from ending.
    this.#child.unref();
    this.#child.channel?.unref();
  }

  /** The process counts as hung when it has answered nobody for `silentMs`. */
  ask<Act extends TokenAct>(
    act: Act,
    takes: TokenActs[Act]['takes'],
    silentMs: number,
  ): Promise<TokenActs[Act]['gives']> {
    if (this.#gone) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      if (this.#pending.size === 0) this.#startWatching();
      this.#pending.set(id, { silentMs, resolve: resolve as Pending['resolve'], reject });
      if (this.#gathered.length === 0) endOfTurn(() => this.#send());
      this.#gathered.push({ id, act, takes } as TokenAsk);
    });
  }

  /** Lets what was asked come to its end, then ends the process. */
  retire(): void {
    this.#retired = true;
    if (this.#pending.size === 0) void this.close();
  }

  async close(): Promise<void> {
    if (!this.#gone) {
      this.#end(new TokenFault('lost', 'The vault is closed.'));
      if (this.#child.connected) this.#child.disconnect();
    }
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), goodbyeMs);
    await this.ended;
    clearTimeout(kill);
  }

  #send(): void {
    const asks = this.#gathered;
    this.#gathered = [];
    if (this.#gone) return;
    this.#child.send(asks, (error) => {
      if (error) this.#end(new TokenFault('lost', 'The module’s process cannot be asked.', error));
    });
  }

  #hear(answers: readonly TokenAnswer[]): void {
    this.#silentMs = 0;
    for (const answer of answers) {
      const pending = this.#pending.get(answer.id);
      this.#pending.delete(answer.id);
      if ('gives' in answer) pending?.resolve(answer.gives);
      else pending?.reject(new TokenFault(answer.fault.kind, answer.fault.says, answer.fault.returnValue));
    }
    if (this.#pending.size > 0) return;
    clearInterval(this.#watch);
    if (this.#retired) void this.close();
  }

  #startWatching(): void {
    this.#silentMs = 0;
    let lookedAt = performance.now();
    this.#watch = setInterval(() => {
      const now = performance.now();
      this.#silentMs += Math.min(now - lookedAt, 2 * watchMs);
      lookedAt = now;
      const patience = Math.max(...[...this.#pending.values()].map(({ silentMs }) => silentMs));
      if (this.#silentMs < patience) return;
      this.#end(new TokenFault('lost', 'The PKCS#11 module does not answer. Its process was ended.'));
      this.#child.kill('SIGKILL');
    }, watchMs);
  }

  #end(fault: TokenFault): void {
    this.#gone ??= fault;
    clearInterval(this.#watch);
    for (const { reject } of this.#pending.values()) reject(fault);
    this.#pending.clear();
  }
}

/**
 * The module reads its own variables (SOFTHSM2_CONF), never the service's secrets. A hanging signature holds a thread, and
 * one is for what else needs one.
 */
function environment(env: NodeJS.ProcessEnv, sessions: number): NodeJS.ProcessEnv {
  const own = Object.entries(env).filter(([name]) => !name.startsWith('PRIVYSEAL_') && name !== 'NODE_OPTIONS');
  const cache = getCompileCacheDir();
  return {
    ...Object.fromEntries(own),
    // Node appends a folder named after its version to the one it is given.
    ...(cache !== undefined && { NODE_COMPILE_CACHE: dirname(cache) }),
    UV_THREADPOOL_SIZE: String(sessions + 1),
  };
}
