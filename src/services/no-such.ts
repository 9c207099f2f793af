/** The refusal of what is not there, or not for the caller to know of. */
import { CaError } from '../domain/errors.ts';
import { printable } from '../domain/policy/printable.ts';

type Thing =
  | 'authority'
  | 'campaign'
  | 'certificate'
  | 'environment'
  | 'operator'
  | 'product'
  | 'profile'
  | 'request'
  | 'token'
  | 'vault';

/** CaError `notFound`: which thing was asked for, perhaps in a version, and where its right name is found. */
export const noSuch = (thing: Thing, name: string, version?: number): CaError => {
  const asked = `${printable(name)}${version === undefined ? '' : ` in version ${version}`}`;
  return new CaError('notFound', `There is no ${thing} ${asked}${advice[thing]}`);
};

const advice: Readonly<Record<Thing, string>> = {
  authority: '. The list of authorities shows which there are.',
  campaign: '. The list of campaigns shows which there are.',
  certificate: ' among those you may see. Check the serial.',
  environment: '. The list of environments shows which there are.',
  operator: '. The list of operators shows which there are.',
  product: '. The list of products shows which there are.',
  profile: '. The list of profiles shows which there are.',
  request: ' among those you may see. Check its id.',
  token: '. The list of tokens shows which there are.',
  vault: '. The list of vaults shows which there are.',
};
