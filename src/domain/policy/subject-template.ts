/** The subject of a product's certificate: the profile's template, never the CSR's own subject. */
import type { ProvenCsr } from '../x509/csr.ts';
import type { GeneralName } from '../x509/general-name.ts';
import type { encodeName } from '../x509/name.ts';
import type { Profile } from './profile.ts';
import { commonNameOf, findName } from './requested-names.ts';
import { firstCommonName, fitsCommonName } from './subject-cn.ts';

type Attributes = Parameters<typeof encodeName>[0];

/** Of the CSR only its CN can come in, and only as one of the names; every other attribute there is not taken. */
export function subjectAttributes({ subject }: Profile, csr: ProvenCsr, names: readonly GeneralName[]): Attributes {
  const { organization, organizationalUnit } = subject;
  const commonName = commonNameFor(subject.commonName, csr, names);
  return [
    ...(organization === undefined ? [] : [{ type: 'organizationName', value: organization } as const]),
    ...(organizationalUnit === undefined
      ? []
      : [{ type: 'organizationalUnitName', value: organizationalUnit } as const]),
    ...(commonName === undefined ? [] : [{ type: 'commonName', value: commonName } as const]),
  ];
}

/** A CN is always one of the names, letter for letter; without one that fits there is none. */
function commonNameFor(
  template: Profile['subject']['commonName'],
  csr: ProvenCsr,
  names: readonly GeneralName[],
): string | undefined {
  if (template === 'none') return undefined;
  if (template === 'requested') return findName(names.filter(fitsCommonName), commonNameOf(csr) ?? '')?.value;
  return firstCommonName(names);
}
