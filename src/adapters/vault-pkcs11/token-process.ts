/** The process that has the vendor's module: answers what the vault asks, and ends when the vault's process does. */
import { flushCompileCache } from 'node:module';
import { setImmediate as endOfTurn } from 'node:timers';
import { type OpenToken, openToken } from './open-token.ts';
import { faultOf, TokenFault } from './token-fault.ts';
import type { TokenActs, TokenAnswer, TokenAsk } from './token-messages.ts';

let token: OpenToken | undefined;
let answers: TokenAnswer[] = [];

process.on('message', (asks: readonly TokenAsk[]) => {
  for (const ask of asks) void answer(ask);
});
// First the sessions, which an HSM counts; then by the kernel, whatever the module's threads are doing.
process.on('disconnect', () => {
  token?.close();
  process.kill(process.pid, 'SIGKILL');
});
// Ctrl-C at a console reaches the whole group; the vault decides when this process is no longer needed.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
// Now, for a process that is killed writes no cache at its end.
flushCompileCache();

async function answer(ask: TokenAsk): Promise<void> {
  try {
    tell({ id: ask.id, gives: await act(ask) });
  } catch (error) {
    const { kind, message: says, returnValue } = faultOf(error, 'The token');
    tell({ id: ask.id, fault: { kind, says, returnValue } });
  }
}

async function act(ask: TokenAsk): Promise<TokenActs[keyof TokenActs]['gives']> {
  if (ask.act === 'open') {
    token = await openToken(ask.takes.address, ask.takes.login);
    return null;
  }
  if (!token) throw new TokenFault('lost', 'The token is not open.');
  switch (ask.act) {
    case 'listKeys':
      return token.listKeys(ask.takes);
    case 'findKey':
      return token.findKey(ask.takes);
    case 'checkKey':
      return token.checkKey(ask.takes);
    case 'createKey':
      return token.createKey(ask.takes);
    case 'destroyKey':
      return token.destroyKey(ask.takes);
    case 'sign':
      return token.sign(ask.takes);
  }
}

/** Answers of one turn leave together: each message wakes the other process. */
function tell(ready: TokenAnswer): void {
  if (answers.length === 0) {
    endOfTurn(() => {
      process.send?.(answers);
      answers = [];
    });
  }
  answers.push(ready);
}
