/** Every route of the admin face times every role: 403 and an audit event, or neither. The routes come from the face itself. */
import { Agent } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperatorRole } from '../../../../src/domain/records/environment.ts';
import { addAdminRoutes, adminFace } from '../../../../src/faces/http/admin/build-admin-face.ts';
import { buildFace } from '../../../../src/faces/http/build-face.ts';
import type { Face } from '../../../../src/faces/http/face-deps.ts';
import { makeFaceDeps } from '../../../support/face-deps.ts';
import { clientOf, clientTls, system, tlsMaterial } from '../../../support/face-tls.ts';
import { exchange } from '../../../support/http-exchange.ts';
import { makeServices, operatorCaller } from '../../../support/services-double.ts';
import { routeExpectations } from './route-expectations.ts';

const roles: readonly OperatorRole[] = ['admin', 'operator', 'auditor'];

interface Route {
  readonly method: string;
  readonly url: string;
}

/** The face as it is built to run, and the routes that were added to it. */
function buildRecorded(role: OperatorRole) {
  const routes: Route[] = [];
  const double = makeServices({ authenticateOperator: async () => operatorCaller(role) });
  const deps = makeFaceDeps(double.services, { tls: tlsMaterial([system]) });
  const face = buildFace(adminFace, deps, (bare, connections, given) => {
    bare.addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat()) routes.push({ method: each, url });
    });
    addAdminRoutes(deps.version)(bare, connections, given);
  });
  return { face, routes, ...double };
}

/** Routes in scopes of their own are added when the face gets ready. */
const { face: recorded, routes } = buildRecorded('admin');
await recorded.ready();
const nameOf = ({ method, url }: Route): string => `${method === 'HEAD' ? 'GET' : method} ${url}`;

/** A path of the route; nothing in it is there, and nobody in it is the caller. */
const pathOf = ({ url }: Route): string => url.replace(/:[A-Za-z]+/g, 'another').replace('*', 'another');

const agent = new Agent({ keepAlive: true, ...clientTls(clientOf(system)) });
const opened = new Map<OperatorRole, { face: Face; origin: string; refusals: { reasons?: readonly string[] }[] }>();

beforeAll(async () => {
  for (const role of roles) {
    const { face, refusals } = buildRecorded(role);
    await face.listen({ host: '127.0.0.1', port: 0 });
    const { port } = face.server.address() as { port: number };
    opened.set(role, { face, origin: `https://localhost:${port}`, refusals });
  }
});
afterAll(async () => {
  agent.destroy();
  await Promise.all([...opened.values()].map(({ face }) => face.close()));
});

/** What a role is told: whether 403, and how often `roleNotAllowed` was audited. */
async function ask(role: OperatorRole, method: string, path: string) {
  const { origin, refusals } = opened.get(role)!;
  const before = refusals.length;
  const hasBody = method === 'POST' || method === 'PUT' || method === 'PATCH';
  const json = hasBody && { headers: { 'content-type': 'application/json' }, body: '{}' };
  const { status, body } = await exchange(origin + path, { agent, method, ...json });
  const audited = refusals.slice(before).filter(({ reasons }) => reasons?.includes('roleNotAllowed')).length;
  return { status, forbidden: status === 403, audited, text: body.toString() };
}

describe('every route of the admin face', () => {
  it('has an expectation, and every expectation a route', () => {
    expect([...new Set(routes.map(nameOf))].sort()).toEqual(Object.keys(routeExpectations).sort());
  });

  const cells = routes.flatMap((route) => roles.map((role) => ({ role, name: `${route.method} ${route.url}`, route })));

  it.each(cells)('$role: $name', async ({ role, route }) => {
    const allowed = routeExpectations[nameOf(route)]?.includes(role);
    const answer = await ask(role, route.method, pathOf(route));
    if (allowed) {
      expect([answer.forbidden, answer.audited, answer.status === 401]).toEqual([false, 0, false]);
    } else {
      expect([answer.forbidden, answer.audited]).toEqual([true, 1]);
      if (route.method !== 'HEAD') expect(answer.text).toContain('"roleNotAllowed"');
    }
  });
});

describe('an operator’s own name', () => {
  it.each(roles)('lets the role %s renew its certificate, and nothing else beyond the role', async (role) => {
    const own = `/v1/operators/the-${role}`;
    expect((await ask(role, 'POST', `${own}/certificates`)).forbidden).toBe(false);
    for (const method of ['PUT', 'DELETE']) {
      expect((await ask(role, method, own)).forbidden, method).toBe(role !== 'admin');
    }
  });
});
