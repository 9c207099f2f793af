/** Validators that are compiled when they are needed. */
import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { buildLazyValidator } from '#src/faces/http/validate-lazily.ts';

const options = { customOptions: { allErrors: true, removeAdditional: false } };
const schema = { type: 'object', properties: { a: { type: 'string', format: 'date' } }, additionalProperties: false };

describe('a lazy validator', () => {
  it('accepts and refuses as the schema says, and tells everything it found', () => {
    const validate = buildLazyValidator({}, options)({ schema });
    expect([validate({ a: '2026-01-01' }), validate.errors]).toEqual([true, null]);
    expect(validate({ a: 'soon', b: 1 })).toBe(false);
    expect(validate.errors).toEqual([
      expect.objectContaining({ keyword: 'additionalProperties' }),
      expect.objectContaining({ keyword: 'format', instancePath: '/a' }),
    ]);
    expect([validate({}), validate.errors]).toEqual([true, null]);
  });

  it('does not look at a schema before it is asked', () => {
    const validate = buildLazyValidator({}, options)({ schema: { type: 'nothing' } });
    expect(() => validate({})).toThrow();
  });

  it('is what Fastify asks', async () => {
    const face = fastify({
      ajv: options as never,
      schemaController: { compilersFactory: { buildValidator: buildLazyValidator as never } },
    });
    face.post('/', { schema: { body: schema } }, async () => 'ok');
    const statusOf = async (payload: object) => (await face.inject({ method: 'POST', url: '/', payload })).statusCode;
    expect([await statusOf({ a: '2026-01-01' }), await statusOf({ b: 1 })]).toEqual([200, 400]);
    await face.close();
  });
});
