/** Bodies that one parser of the domain judges whole, so that a person is told every reason at once. */
import type { preHandlerAsyncHookHandler } from 'fastify';

const refuseTheRest: preHandlerAsyncHookHandler = async ({ validationError }) => {
  if (validationError && validationError.validationContext !== 'body') throw validationError;
};

/** Options of such a route: its body schema is documentation, and all other parts of a request are judged as ever. */
export const wholeBody = { attachValidation: true, preHandler: refuseTheRest } as const;
