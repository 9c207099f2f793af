/** Writes openapi/*.yaml from the routes' schemas, or with --check says which file is not what they give. */
import { readFile, writeFile } from 'node:fs/promises';
import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
import { pino } from 'pino';
import { stringify } from 'yaml';
import * as alertSchemas from '../src/api/alert.ts';
import * as auditSchemas from '../src/api/audit.ts';
import * as authoritySchemas from '../src/api/authority.ts';
import * as rotationSchemas from '../src/api/authority-rotation.ts';
import * as campaignSchemas from '../src/api/campaign.ts';
import * as certificateSchemas from '../src/api/certificate.ts';
import * as certificateListSchemas from '../src/api/certificate-list.ts';
import * as deploymentSchemas from '../src/api/deployment.ts';
import * as inventorySchemas from '../src/api/inventory.ts';
import * as operatorSchemas from '../src/api/operator.ts';
import * as problemSchemas from '../src/api/problem.ts';
import * as productSchemas from '../src/api/product.ts';
import * as profileSchemas from '../src/api/profile.ts';
import * as requestSchemas from '../src/api/request.ts';
import * as serviceSchemas from '../src/api/service.ts';
import * as tokenSchemas from '../src/api/token.ts';
import * as vaultSchemas from '../src/api/vault.ts';
import { addAdminRoutes, adminFace } from '../src/faces/http/admin/build-admin-face.ts';
import { type AddRoutes, buildFace, type FaceKind } from '../src/faces/http/build-face.ts';
import { addDistributionRoutes, distributionFace } from '../src/faces/http/distribution/build-distribution-face.ts';
import { defaultFaceLimits, type Face, type FaceDeps } from '../src/faces/http/face-deps.ts';
import { withInherentProblems } from '../src/faces/http/problems/inherent-problems.ts';
import { addPublicRoutes, publicFace } from '../src/faces/http/public/build-public-face.ts';
import type { Services } from '../src/services/services.ts';
import { openApiTags } from './openapi-tags.ts';

interface DocumentedFace {
  readonly kind: FaceKind;
  readonly addRoutes: AddRoutes;
  readonly title: string;
  readonly description: string;
  readonly server: string;
  readonly securitySchemes: Readonly<Record<string, object>>;
}

const mutualTls = (description: string) => ({ type: 'mutualTLS', description });

const faces: readonly DocumentedFace[] = [
  {
    kind: publicFace,
    addRoutes: addPublicRoutes,
    title: 'Privyseal public face',
    description:
      'For products: submit CSRs, read, rotate and revoke their own certificates. TLS is verified with `trust/system.pem` of the home; every error is `application/problem+json`, whose `type` docs/problems.md explains.',
    server: 'https://localhost:8443',
    securitySchemes: {
      enrolmentToken: { type: 'http', scheme: 'bearer', description: 'Wins over a client certificate.' },
      clientCertificate: mutualTls('A certificate of the product that is good now and for clientAuth.'),
    },
  },
  {
    kind: adminFace,
    addRoutes: addAdminRoutes('0.0.0'),
    title: 'Privyseal admin face',
    description:
      'For operators: the whole inventory, products, profiles, tokens, authorities, the audit log. The handshake demands the certificate of an operator; docs/operating.md says what each role may do. Every error is `application/problem+json`, whose `type` docs/problems.md explains.',
    server: 'https://localhost:9443',
    securitySchemes: {
      operatorCertificate: mutualTls('A certificate of an operator, issued by `system`; the handshake requires it.'),
    },
  },
  {
    kind: distributionFace,
    addRoutes: addDistributionRoutes,
    title: 'Privyseal distribution face',
    description: 'For everybody: CRLs, OCSP, certificates of authorities. Plain HTTP; everything in it is signed.',
    server: 'http://localhost:8080',
    securitySchemes: {},
  },
];

/** Documents by file, as the routes give them now. */
export async function openApiFiles(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const face of faces) files.set(`openapi/${face.kind.name}.yaml`, await documentOf(face));
  return files;
}

async function documentOf(documented: DocumentedFace): Promise<string> {
  const face = buildFace(documented.kind, routesOnly, (root, connections, deps) => {
    root.register(swagger, swaggerOptions(documented));
    // Swagger sees what is added after it, so the routes wait in a plugin of their own.
    root.register(async (scope) => documented.addRoutes(scope as Face, connections, deps));
  });
  await face.ready();
  const document = JSON.parse(JSON.stringify(face.swagger())) as object;
  await face.close();
  return stringify(withComponents(withTags(document)), { lineWidth: 120, aliasDuplicateObjects: false });
}

/** The groups that this face has. */
function withTags(document: object): object {
  const { info, openapi, servers, paths, ...others } = document as {
    paths: Record<string, Record<string, Tagged>>;
  } & Record<string, unknown>;
  const used = new Set(Object.values(paths).flatMap((methods) => Object.values(methods).flatMap(({ tags }) => tags)));
  const tags = Object.entries(openApiTags).flatMap(([name, description]) =>
    used.has(name) ? { name, description } : [],
  );
  return { openapi, info, servers, tags, ...others, paths };
}

interface Tagged {
  readonly tags: readonly string[];
}

/** Routes are described, never called. */
const routesOnly = {
  services: {
    onRevoked: () => undefined,
    onRoleChange: () => undefined,
    onTokenRemoval: () => undefined,
    watchFace: () => undefined,
  } as unknown as Services,
  urls: { crl: String, ocsp: String, aia: String, trustBundle: String },
  logger: pino({ level: 'silent' }),
  limits: defaultFaceLimits,
  now: () => 0,
  requestLog: false,
} satisfies FaceDeps;

function swaggerOptions({ title, description, server, securitySchemes }: DocumentedFace): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: { title, description, version: '1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      servers: [{ url: server }],
      components: { securitySchemes } as never,
    },
    transform: ({ schema, url }) => {
      const complete = withInherentProblems(schema);
      if (!url.endsWith('/*')) return { schema: complete, url };
      return { schema: withRequestInPath(complete), url: url.replace('/*', '/{request}') };
    },
  };
}

/** Only OCSP by GET ends with a rest of the path, which OpenAPI has to call by a name. */
function withRequestInPath(schema: FastifySchema): FastifySchema {
  const params = schema.params as { properties: object; required: readonly string[] } | undefined;
  if (!params) return schema;
  const request = { type: 'string', description: 'Base64 of the DER of the OCSPRequest, percent-encoded' };
  const properties = { ...params.properties, request };
  return { ...schema, params: { ...params, properties, required: [...params.required, 'request'] } };
}

const componentNames = [
  'Problem',
  'CertificateJson',
  'CertificateSummary',
  'CertificateList',
  'SubmitBody',
  'RevokeBody',
  'ProductRevokeBody',
  'RevocationBody',
  'RevokedCertificateJson',
  'AuthorityJson',
  'AuthorityList',
  'TrustBundleJson',
  'AuthorityBody',
  'AuthorityImportBody',
  'CrlImportBody',
  'RotateAuthorityBody',
  'AdvanceRotationBody',
  'CompromiseBody',
  'DeploymentBody',
  'EnvironmentBody',
  'EnvironmentJson',
  'EnvironmentList',
  'ProductBody',
  'ProductChangeBody',
  'ProductJson',
  'ProductList',
  'ProfileBody',
  'ProfileChangeBody',
  'ProfileJson',
  'ProfileList',
  'TokenBody',
  'TokenJson',
  'NewTokenJson',
  'TokenList',
  'OperatorBody',
  'OperatorRoleBody',
  'OperatorCertificateBody',
  'OperatorJson',
  'OperatorList',
  'OperatorAdded',
  'OperatorRemoved',
  'PendingRequestJson',
  'RequestSummary',
  'RequestJson',
  'RequestList',
  'CampaignBody',
  'ResumeCampaignBody',
  'CampaignJson',
  'CampaignProgressJson',
  'CampaignPlanJson',
  'CampaignList',
  'ApproveBody',
  'DenyBody',
  'StatusJson',
  'AuditEventJson',
  'AuditEventList',
  'CheckpointJson',
  'Readiness',
  'Liveness',
  'AlertJson',
  'AlertList',
  'RotationPlanJson',
  'RotationJson',
  'CompromiseJson',
  'AuthorityDetailJson',
  'CampaignMemberJson',
  'CampaignMemberList',
  'RenewalInfoJson',
  'DeploymentJson',
  'DeploymentList',
  'ExpiringJson',
  'InventorySummaryJson',
  'CrlJson',
  'CrlList',
  'VaultJson',
  'VaultList',
  'VaultKeyCheckJson',
  'VaultCheckJson',
];

/** Schemas that have a name become components; the routes refer to them. */
function withComponents(document: object): object {
  const schemas: Record<string, unknown> = {
    ...alertSchemas,
    ...auditSchemas,
    ...inventorySchemas,
    ...vaultSchemas,
    ...authoritySchemas,
    ...rotationSchemas,
    ...deploymentSchemas,
    ...campaignSchemas,
    ...certificateSchemas,
    ...certificateListSchemas,
    ...operatorSchemas,
    ...problemSchemas,
    ...productSchemas,
    ...profileSchemas,
    ...requestSchemas,
    ...serviceSchemas,
    ...tokenSchemas,
  };
  // The examples of a body are beside its schema by now, where Swagger UI offers them.
  const forms = (schema: unknown) => [textOf(schema), textOf({ ...(schema as object), examples: undefined })];
  const unknown = componentNames.filter((name) => schemas[name] === undefined);
  if (unknown.length > 0) throw new Error(`No schema is called ${unknown.join(', ')}.`);
  const named = new Map(componentNames.flatMap((name) => forms(schemas[name]).map((text) => [text, name])));
  const used: Record<string, unknown> = {};
  const refer = (node: unknown): unknown => {
    if (typeof node !== 'object' || node === null) return node;
    const name = named.get(textOf(node));
    if (name === undefined) return mapped(node, refer);
    used[name] ??= mapped(node, refer);
    return { $ref: `#/components/schemas/${name}` };
  };
  const paths = refer((document as { paths: object }).paths);
  const components = { ...(document as { components: object }).components, schemas: sortedByName(used) };
  return { ...document, components, paths };
}

/** For comparison: swagger writes a `const` as an `enum` of one. */
const textOf = (schema: unknown): string =>
  JSON.stringify(schema, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('const' in value)) return value;
    const { const: only, ...rest } = value;
    return { ...rest, enum: [only] };
  });

const mapped = (node: object, change: (value: unknown) => unknown): unknown =>
  Array.isArray(node)
    ? node.map(change)
    : Object.fromEntries(Object.entries(node).map(([key, value]) => [key, change(value)]));

const sortedByName = (record: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

const fileUrl = (name: string): URL => new URL(`../${name}`, import.meta.url);

if (import.meta.main) {
  const check = process.argv.includes('--check');
  for (const [name, text] of await openApiFiles()) {
    if (!check) await writeFile(fileUrl(name), text);
    else if ((await readFile(fileUrl(name), 'utf8').catch(() => '')) !== text) {
      process.stderr.write(`${name} is not what the routes give: run npm run openapi\n`);
      process.exitCode = 1;
    }
  }
}
