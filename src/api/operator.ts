/** REST shapes of operators, shared by the admin face (validation, OpenAPI) and the client. */
import { CertificateJson, SubmitBody } from './certificate.ts';
import { wholeListOf } from './page.ts';
import { type Static, Time, Type } from './schema.ts';

export const OperatorNameSchema = Type.String({
  pattern: '^[a-z][a-z0-9._-]{0,63}$',
  description: 'Name of the operator, and CN of its certificates',
  examples: ['alice'],
});

export const OperatorRoleSchema = Type.Enum(['admin', 'operator', 'auditor'], {
  description: 'What it may do: docs/operating.md has the table',
  examples: ['operator'],
});

const { csr, lifetimeSeconds } = SubmitBody.properties;

/** With the CN alice; nobody has its key. */
const exampleCsr =
  'MIHJMHICAQAwEDEOMAwGA1UEAwwFYWxpY2UwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASG9YuhWACFZLzLmRdUWLJPb5wmcdhBzD5gaNH6UqU/R2+rlMDgdTo3dhMebD5nO2vuDCLuWrMMafzJzl1cF9GyoAAwCgYIKoZIzj0EAwIDRwAwRAIgU6h9y7xPs/qGJMRb+3jr0wZKSeM0PV11uXtgi1loMwYCICdjIZPu6ohBFuhdgwTQub+0SaQGtakrqjKiVrF3sGzh';

export const OperatorBody = Type.Object(
  { name: OperatorNameSchema, role: OperatorRoleSchema, csr, lifetimeSeconds },
  { additionalProperties: false, examples: [{ name: 'alice', role: 'operator', csr: exampleCsr }] },
);
export type OperatorBody = Static<typeof OperatorBody>;

export const OperatorRoleBody = Type.Object(
  { role: OperatorRoleSchema },
  { additionalProperties: false, examples: [{ role: 'auditor' }] },
);
export type OperatorRoleBody = Static<typeof OperatorRoleBody>;

export const OperatorCertificateBody = Type.Object(
  { csr, lifetimeSeconds },
  { additionalProperties: false, examples: [{ csr: exampleCsr, lifetimeSeconds: 28_800 }] },
);
export type OperatorCertificateBody = Static<typeof OperatorCertificateBody>;

export const OperatorPath = Type.Object({ name: Type.String({ minLength: 1, description: 'Name of an operator' }) });

const facts = {
  name: Type.String(),
  role: OperatorRoleSchema,
  createdAt: Time('When it was added'),
  certificates: Type.Array(
    Type.Object(
      {
        serial: Type.String(),
        notBefore: Time('Inclusive'),
        notAfter: Time('Inclusive'),
        requestedBy: Type.String({ description: 'Who asked for it: `operator:NAME`, or `service`' }),
      },
      { additionalProperties: false },
    ),
    { description: 'Those that are good now, the longest first; one that is on hold is not among them' },
  ),
};

export const OperatorJson = Type.Object(facts, { additionalProperties: false });
export type OperatorJson = Static<typeof OperatorJson>;

export const OperatorAdded = Type.Object({ ...facts, issued: CertificateJson }, { additionalProperties: false });
export type OperatorAdded = Static<typeof OperatorAdded>;

/** Operators are few: they come all at once. */
export const OperatorList = wholeListOf(OperatorJson);
export type OperatorList = Static<typeof OperatorList>;

export const OperatorRemoved = Type.Object(
  {
    name: Type.String(),
    revokedCertificates: Type.Array(Type.String(), { description: 'Serials of what was revoked with it' }),
  },
  { additionalProperties: false },
);
export type OperatorRemoved = Static<typeof OperatorRemoved>;
