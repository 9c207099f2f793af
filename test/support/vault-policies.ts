/** The policies of examples/vault as an operator would fill them in. */
import { readFileSync } from 'node:fs';

const example = (file: string): string =>
  readFileSync(new URL(`../../examples/vault/${file}`, import.meta.url), 'utf8');

/** Of a token that keeps itself alive without the policy `default`. */
export const tokenPolicy = example('token.hcl');

/** To make authorities' keys in this mount, and to sign with them. */
export const createPolicy = (mount: string): string => example('create.hcl').replaceAll('MOUNT', mount);

/** Also to remove keys. */
export const retirePolicy = (mount: string): string =>
  createPolicy(mount) + example('retire.hcl').replaceAll('MOUNT', mount);

/** To sign with one key. */
export const signPolicy = (mount: string, key: string): string =>
  example('sign.hcl').replaceAll('MOUNT', mount).replaceAll('KEY', key);
