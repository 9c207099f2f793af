/** The process that has the vendor's module: answers what the vault asks, and ends when the vault's process does. */
import { flushCompileCache } from 'node:module';
import { type OpenToken, openToken } from './open-token.ts';
import { faultOf, TokenFault } from './token-fault.ts';
import type { TokenActs, TokenAnswer, TokenAsk } from './token-messages.ts';

let token: OpenToken | undefined;
let answers: TokenAnswer[] = [];
/** What was asked and is not answered yet. */
let owed = 0;
let flushing: NodeJS.Timeout | undefined;
const gatherMs = 2;

process.on('message', (asks: readonly TokenAsk[]) => {
  owed += asks.length;
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

/**
 * Answers leave together, as what was asked came: each message wakes the other process, and what is recorded together costs
 * one write to the disk. The last waits for nothing, and none for long: an HSM may take its time for the next.
 */
function tell(ready: TokenAnswer): void {
  answers.push(ready);
  owed -= 1;
  if (owed === 0) flush();
  else flushing ??= setTimeout(flush, gatherMs);
}

function flush(): void {
  clearTimeout(flushing);
  flushing = undefined;
  process.send?.(answers);
  answers = [];
}
