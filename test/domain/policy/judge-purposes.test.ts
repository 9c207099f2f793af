/** Which purposes an authority and those above it admit together. */
import { expect, it } from 'vitest';
import { admittedPurposes } from '../../../src/domain/policy/judge-purposes.ts';
import { oids } from '../../../src/domain/x509/oids.ts';

const { serverAuth, clientAuth, anyExtendedKeyUsage } = oids;
const any = {};
const of = (...extKeyUsage: string[]) => ({ extKeyUsage });

it.each([
  ['all', [any, any], undefined],
  ['all, by name', [any, of(serverAuth, anyExtendedKeyUsage)], undefined],
  ['what one admits', [any, of(serverAuth, clientAuth), any], [serverAuth, clientAuth]],
  ['what all admit', [of(serverAuth, clientAuth), any, of(clientAuth)], [clientAuth]],
  ['none', [of(clientAuth), of(serverAuth, clientAuth), of(serverAuth)], []],
])('are %s', (_what, authorities, admitted) => {
  expect(admittedPurposes(authorities)).toEqual(admitted);
});
