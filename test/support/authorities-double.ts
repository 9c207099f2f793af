/** Authorities as the face's tests see them: one in force. */
import type { AuthorityServices, AuthorityView } from '../../src/services/authorities/authority-services.ts';
import type { PublishedCrl } from '../../src/services/revoking/published-crl.ts';

/** `known` refuses with `notFound` whatever is not the one authority there is. */
export const authoritiesDouble = (
  known: (name: string) => void,
  view: () => AuthorityView,
  crl: () => PublishedCrl,
): AuthorityServices => ({
  describeAuthority: async (name) => {
    known(name);
    return { kind: 'own', authority: view().authority, inForce: view(), coming: null, csrDer: null, stopped: null };
  },
  requestAuthority: async (_caller, { name, environment }) => {
    const authority = { ...view().authority, name, environment, certificateSerial: null };
    return { kind: 'own', authority, inForce: null, coming: null, csrDer: new Uint8Array([0x30, 0]), stopped: null };
  },
  importAuthority: async (_caller, name) => {
    known(name);
    return {
      kind: 'own',
      authority: view().authority,
      inForce: view(),
      coming: null,
      csrDer: new Uint8Array([0x30, 0]),
      stopped: null,
    };
  },
  importCrl: async (_caller, name) => {
    known(name);
    return crl();
  },
  listExternalAuthorities: async () => [],
  listExternalAuthoritiesServed: async () => [],
  externalAuthority: async () => undefined,
});
