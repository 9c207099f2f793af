/** Typed query parameters without blanket coercion: only the named ones become integers, and only from plain digits. */
import type { preValidationHookHandler } from 'fastify';

/** Anything but plain digits is left as it came, for the schema to refuse. */
export const integersInQuery =
  (...names: readonly string[]): preValidationHookHandler =>
  (request, _reply, done) => {
    const query = request.query as Record<string, unknown>;
    for (const name of names) {
      const text = query[name];
      if (typeof text !== 'string' || !/^(?:0|[1-9]\d{0,15})$/.test(text)) continue;
      if (Number.isSafeInteger(Number(text))) query[name] = Number(text);
    }
    done();
  };
