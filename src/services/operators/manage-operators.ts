/** Operators: who they are, what role they have, the certificates by which the admin face knows them. */
import { CaError } from '../../domain/errors.ts';
import { isOperatorName, judgeOperatorCsr } from '../../domain/policy/operator-rules.ts';
import { printable } from '../../domain/policy/printable.ts';
import { recipes } from '../../domain/policy/service-profiles.ts';
import type { AuditEntry } from '../../domain/records/audit-event.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { Operator } from '../../domain/records/environment.ts';
import { refuse, refuseIfAny } from '../../domain/refusal.ts';
import type { CsrReader } from '../../ports/csr-reader.ts';
import type { OperatorHolder } from '../../ports/inventory.ts';
import { actorOf, type Caller } from '../caller.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { ViewDeps } from '../inventory/view-certificate.ts';
import type { RequestServiceCertificate } from '../issuing/issue-service-certificate.ts';
import { settle } from '../issuing/settle-issuance.ts';
import { noSuch } from '../no-such.ts';
import type { RevocationNews } from '../revoking/revocation-news.ts';
import type { CertificateView, OperatorCertificateInput, OperatorView, Services } from '../services.ts';

export interface ManageOperatorsDeps extends ViewDeps {
  readonly clock: GuardedClock;
  readonly news: RevocationNews;
  readonly csrs: CsrReader;
  readonly requestServiceCertificate: RequestServiceCertificate;
}

type ManageOperators = Pick<
  Services,
  | 'addOperator'
  | 'listOperators'
  | 'readOperator'
  | 'changeOperatorRole'
  | 'removeOperator'
  | 'issueOperatorCertificate'
>;

export const createManageOperators = (deps: ManageOperatorsDeps): ManageOperators => ({
  addOperator: (caller, input) => add(deps, caller, input),
  listOperators: async () =>
    Promise.all((await deps.inventory.operators()).map((operator) => viewOperator(deps, operator))),
  readOperator: async (_caller, name) => viewOperator(deps, await operatorCalled(deps, name)),
  changeOperatorRole: (caller, name, role) => changeRole(deps, caller, name, role),
  removeOperator: (caller, name) => remove(deps, caller, name),
  issueOperatorCertificate: async (caller, name, input) => {
    await operatorCalled(deps, name);
    const lifetime = await renewedLifetime(deps, caller, input.lifetimeSeconds);
    return certify(deps, caller, name, { ...input, ...lifetime, holder: { kind: 'known', ...byOf(caller) } });
  },
});

type AddInput = Parameters<Services['addOperator']>[1];

async function add(
  deps: ManageOperatorsDeps,
  caller: Caller,
  input: AddInput,
): Promise<OperatorView & { issued: CertificateView }> {
  const { name, role } = input;
  if (!isOperatorName(name)) refuse([badName(name)]);
  const operator: Operator = { name, role, createdAt: deps.clock.now() };
  const audit = entry(deps, caller, name, { kind: 'operator.created', details: { role } });
  const issued = await certify(deps, caller, name, {
    ...input,
    holder: { kind: 'new', operator, audit, ...byOf(caller) },
  });
  return { ...(await viewOperator(deps, await operatorCalled(deps, name))), issued };
}

const badName = (name: string) => ({
  code: 'invalidField' as const,
  field: 'name',
  message: 'A name is up to 64 lower-case letters, digits, dots, - and _, and begins with a letter.',
  value: printable(name),
});

/** The subject is the operator's name, whatever the CSR says; its key must be one that was never certified before. */
async function certify(
  deps: ManageOperatorsDeps,
  caller: Caller,
  name: string,
  input: OperatorCertificateInput & { readonly holder: OperatorHolder },
): Promise<CertificateView> {
  const csr = await deps.csrs.read(input.csrDer);
  refuseIfAny(judgeOperatorCsr(csr, name));
  const requestedBy = actorOf(caller);
  const outcome = await deps.requestServiceCertificate({
    recipe: recipes.operator,
    issuer: await deps.directory.get('system'),
    owner: name,
    publicKeyDer: csr.publicKey.spkiDer,
    commonName: name,
    names: [],
    ...(input.lifetimeSeconds !== undefined && { lifetimeSeconds: input.lifetimeSeconds }),
    requestedBy,
    ...(input.idempotency && { idempotency: { scope: requestedBy, ...input.idempotency } }),
    holder: input.holder,
  });
  return settle(deps, outcome);
}

/**
 * An admin says how long others are let in, and nobody else prolongs that: who renews its own gets at most the lifetime of the
 * certificate it shows.
 */
async function renewedLifetime(
  deps: ManageOperatorsDeps,
  caller: Caller,
  asked: number | undefined,
): Promise<Pick<OperatorCertificateInput, 'lifetimeSeconds'>> {
  if (caller.kind !== 'operator' || caller.role === 'admin') return {};
  const shown = await deps.inventory.certificate(caller.serial);
  if (!shown) throw noSuch('certificate', caller.serial);
  const longest = shown.notAfter - Math.floor(shown.requestedAt / 1000);
  if (asked === undefined || asked <= longest) return { lifetimeSeconds: asked ?? longest };
  const message = `The certificate you show was given for ${longest} s, and renews for no longer. Ask an admin for more.`;
  refuse([{ code: 'lifetimeTooLong', field: 'lifetimeSeconds', message, value: String(asked) }]);
}

async function changeRole(
  deps: ManageOperatorsDeps,
  caller: Caller,
  name: string,
  role: Operator['role'],
): Promise<OperatorView> {
  const audit = entry(deps, caller, name, { kind: 'operator.roleChanged', details: { role } });
  const outcome = await deps.inventory.setOperatorRole({ name, role, now: seconds(deps), audit, ...byOf(caller) });
  if (outcome.kind === 'notFound') throw noSuch('operator', name);
  if (outcome.kind === 'lastAdmin') throw lastAdmin(name);
  if (outcome.kind === 'done') for (const serial of outcome.serials) deps.news.announceRoleChange(serial);
  return viewOperator(deps, outcome.operator);
}

async function remove(deps: ManageOperatorsDeps, caller: Caller, name: string): Promise<readonly string[]> {
  const revocation = { at: seconds(deps), reason: 'privilegeWithdrawn' } as const;
  const audit = entry(deps, caller, name, { kind: 'operator.removed' });
  const outcome = await deps.inventory.removeOperator({ name, revocation, audit, ...byOf(caller) });
  if (outcome.kind === 'notFound') throw noSuch('operator', name);
  if (outcome.kind === 'lastAdmin') throw lastAdmin(name);
  for (const serial of outcome.revoked) deps.news.announce({ serial, authority: 'system', revoked: true });
  return outcome.revoked;
}

/** More than anybody needs to see of one operator. */
const mostShown = 100;

async function viewOperator(deps: ManageOperatorsDeps, operator: Operator): Promise<OperatorView> {
  const certificates: readonly CertificateRecord[] = await deps.inventory.searchCertificates({
    purpose: 'operator',
    owner: operator.name,
    status: 'valid',
    sort: '-notAfter',
    limit: mostShown,
    now: seconds(deps),
  });
  return { operator, certificates };
}

async function operatorCalled(deps: ManageOperatorsDeps, name: string): Promise<Operator> {
  const operator = await deps.inventory.operator(name);
  if (!operator) throw noSuch('operator', name);
  return operator;
}

const byOf = (caller: Caller): { readonly by?: string } => (caller.kind === 'operator' ? { by: caller.name } : {});

const lastAdmin = (name: string): CaError =>
  new CaError('lastAdmin', `${name} is the last admin with a valid certificate. Add another admin first.`);

const seconds = ({ clock }: ManageOperatorsDeps): number => Math.floor(clock.now() / 1000);

const entry = (
  deps: ManageOperatorsDeps,
  caller: Caller,
  name: string,
  what: Pick<AuditEntry, 'kind' | 'details'>,
): AuditEntry => ({ at: deps.clock.now(), actor: actorOf(caller), object: `operator:${name}`, ...what });
