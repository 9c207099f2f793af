/** Which of its names a certificate may bear as its CN. */
import type { GeneralName } from '../x509/general-name.ts';

/** ub-common-name (RFC 5280 Appendix A). */
export const longestCommonName = 64;

export const fitsCommonName = ({ value }: GeneralName): boolean => value.length <= longestCommonName;

/** The first DNS name that fits, else the first e-mail address; undefined without either. */
export function firstCommonName(names: readonly GeneralName[]): string | undefined {
  const fitting = names.filter(fitsCommonName);
  return (fitting.find(({ type }) => type === 'dns') ?? fitting.find(({ type }) => type === 'email'))?.value;
}
