/** What is done to authorities: described, asked for, imported, rotated, declared compromised. Loaded when it is first asked for. */
import { createCompromiseAuthority } from './compromise-authority.ts';
import { createDescribeAuthority, createDescribeOwnAuthority } from './describe-authority.ts';
import { createImportAuthority } from './import-authority.ts';
import { createImportCrl } from './import-crl.ts';
import { createRequestAuthority } from './request-authority.ts';
import { createRotateAuthority, goOnCertified } from './rotate-authority.ts';

/** What each of these needs, in one value. */
export type AuthorityActsDeps = Parameters<typeof createDescribeAuthority>[0] &
  Omit<Parameters<typeof createRequestAuthority>[0], 'describeAuthority'> &
  Omit<Parameters<typeof createImportAuthority>[0], 'describeAuthority' | 'goOnCertified'> &
  Parameters<typeof createImportCrl>[0] &
  Parameters<typeof createRotateAuthority>[0] &
  Parameters<typeof createCompromiseAuthority>[0];

export type AuthorityActs = ReturnType<typeof createAuthorityActs>;

export function createAuthorityActs(deps: AuthorityActsDeps) {
  const describing = { ...deps, describeAuthority: createDescribeOwnAuthority(deps) };
  return {
    describeAuthority: createDescribeAuthority(deps),
    requestAuthority: createRequestAuthority(describing),
    importAuthority: createImportAuthority({
      ...describing,
      goOnCertified: (name, actor) => goOnCertified(deps, name, actor),
    }),
    importCrl: createImportCrl(deps),
    ...createRotateAuthority(deps),
    ...createCompromiseAuthority(deps),
  };
}
