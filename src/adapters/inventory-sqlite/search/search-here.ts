/** Searches on the caller's own thread: for a program that does nothing else meanwhile, a thread takes longer than its searches. */
import type { RecordRenderers } from '../../../ports/inventory-questions.ts';
import type { ConnectionOptions } from '../connection.ts';
import { handedOver, openAnswers } from './answer-searches.ts';
import { memoryAmong, type StartSearcher } from './searcher.ts';

export function searchesHere(options: ConnectionOptions, renderers: RecordRenderers): StartSearcher {
  return (events) => {
    const answers = openAnswers(options, renderers);
    let terminated = false;
    return {
      ask(request) {
        // Copied both ways, as with a thread: neither side sees what the other changes afterwards.
        const asked = structuredClone(request, { transfer: memoryAmong(request.args) });
        setImmediate(() => {
          if (terminated) return;
          void answers
            .answer(asked)
            .then((told) => events.answered(structuredClone(told, { transfer: handedOver(told) })));
        });
      },
      end: () => answers.close(),
      terminate() {
        terminated = true;
        return answers.close();
      },
    };
  };
}
