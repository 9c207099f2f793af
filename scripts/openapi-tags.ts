/** What each group of operations is about, in the order in which Swagger UI shows them: the words of the product, explained. */
export const openApiTags: Readonly<Record<string, string>> = {
  certificates:
    'What was issued: submit, read, search, rotate, revoke; where it is deployed, and when it is to be rotated',
  requests: 'CSRs under a profile with `approvals`: they wait until operators have decided',
  products: 'Owners of certificates in one environment: the names and profiles that each may have',
  tokens: 'Enrolment tokens, by which a product gets its first certificate',
  profiles: 'Recipes of certificates: purposes, lifetimes, names and keys that are allowed, approvals, rotation',
  environments:
    'Separate worlds such as `dev` and `prod`: each has its own root, and nothing of one is trusted in another',
  campaigns: 'Everything that matches a filter is rotated by a time, and perhaps revoked at a later one',
  authorities: 'Who signs: roots and issuing authorities, their rotation, and what to do when a key is in other hands',
  vaults: 'Where the keys of authorities are: the encrypted files of the home, OpenBao or HashiCorp Vault, an HSM',
  operators: 'Who may use the admin face, and as what: admin, operator, auditor',
  trust: 'What others need to believe certificates: roots, and certificates of authorities',
  revocation: 'Lists of what is revoked (CRLs), and OCSP',
  audit: 'Who did what, and signed checkpoints that prove the log whole',
  service: 'State, metrics and open alerts',
  health: 'Probes',
};
