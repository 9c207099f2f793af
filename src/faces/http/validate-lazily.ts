/** Validators that are compiled when the first request needs them: a start would spend a quarter of its time on all of them. */
import { createRequire } from 'node:module';

/** A validator answers at once, so what it needs cannot be imported. */
const require = createRequire(import.meta.url);

interface Validate {
  (data: unknown): unknown;
  errors?: unknown;
}
type Compile = (definition: unknown) => Validate;
/** A builder of compilers, as Fastify wants one in `schemaController.compilersFactory.buildValidator`. */
type BuildValidator = (externalSchemas: unknown, options: unknown) => Compile;

/** Fastify's own, loaded with the first value that is judged. */
function fastifysCompiler(...settings: Parameters<BuildValidator>): Compile {
  const buildValidator = require('@fastify/ajv-compiler') as () => BuildValidator;
  return buildValidator()(...settings);
}

export const buildLazyValidator: BuildValidator = (externalSchemas, options) => {
  let compile: Compile | undefined;
  return (definition) => {
    let compiled: Validate | undefined;
    const validate: Validate = (data) => {
      compile ??= fastifysCompiler(externalSchemas, options);
      compiled ??= compile(definition);
      const result = compiled(data);
      // Fastify reads what was found off the function it called.
      validate.errors = compiled.errors;
      return result;
    };
    return validate;
  };
};
