/** What is done to authorities: described, asked for, imported, rotated, declared compromised. Loaded when it is first asked for. */
import { createAuthorityTurns } from './authority-turns.ts';
import { type CompromiseDeps, createCompromiseAuthority } from './compromise-authority.ts';
import { createDescribeAuthority, createDescribeOwnAuthority } from './describe-authority.ts';
import { createImportAuthority } from './import-authority.ts';
import { createImportCrl } from './import-crl.ts';
import { createRequestAuthority } from './request-authority.ts';
import { createRotateAuthority, goOnCertified } from './rotate-authority.ts';

/** What each of these needs, in one value. */
export type AuthorityActsDeps = Parameters<typeof createDescribeAuthority>[0] &
  Omit<Parameters<typeof createRequestAuthority>[0], 'describeAuthority'> &
  Omit<Parameters<typeof createImportAuthority>[0], 'describeAuthority' | 'goOnCertified' | 'turns'> &
  Parameters<typeof createImportCrl>[0] &
  Omit<CompromiseDeps, 'turns'>;

export type AuthorityActs = ReturnType<typeof createAuthorityActs>;

export function createAuthorityActs(deps: AuthorityActsDeps) {
  const describing = { ...deps, describeAuthority: createDescribeOwnAuthority(deps) };
  const acting = { ...deps, turns: createAuthorityTurns() };
  return {
    describeAuthority: createDescribeAuthority(deps),
    requestAuthority: createRequestAuthority(describing),
    importAuthority: createImportAuthority({
      ...describing,
      ...acting,
      goOnCertified: (name, actor) => goOnCertified(acting, name, actor),
    }),
    importCrl: createImportCrl(deps),
    ...createRotateAuthority(acting),
    ...createCompromiseAuthority(acting),
  };
}
