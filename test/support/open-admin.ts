/** The admin face over a double of the services, spoken to by an operator of any role over mutual TLS. */
import { Agent } from 'node:https';
import { onTestFinished } from 'vitest';
import type { OperatorRole } from '../../src/domain/records/environment.ts';
import { buildAdminFace } from '../../src/faces/http/admin/build-admin-face.ts';
import type { FaceLimits } from '../../src/faces/http/face-deps.ts';
import type { Services } from '../../src/services/services.ts';
import { makeFaceDeps } from './face-deps.ts';
import { clientOf, clientTls, system, tlsMaterial } from './face-tls.ts';
import { exchange } from './http-exchange.ts';
import { openFace } from './open-face.ts';
import { makeServices, operatorCaller } from './services-double.ts';

export const operatorClient = clientOf(system);
const material = tlsMaterial([system]);

/** `override` replaces what a test is about. */
export async function openAdmin(
  override: Partial<Services> = {},
  role: OperatorRole = 'admin',
  limits: Partial<FaceLimits> = {},
) {
  const double = makeServices({ authenticateOperator: async () => operatorCaller(role), ...override });
  const { url, face } = await openFace(buildAdminFace(makeFaceDeps(double.services, { tls: material, limits })));
  const agent = new Agent({ keepAlive: true, ...clientTls(operatorClient) });
  onTestFinished(() => agent.destroy());
  const send = async (method: string, path: string, headers: Record<string, string> = {}, body?: object) => {
    const json = body && { body: JSON.stringify(body) };
    const type = body && { 'content-type': 'application/json' };
    const answer = await exchange(url + path, { agent, method, headers: { ...type, ...headers }, ...json });
    const text = answer.body.toString();
    const isJson = String(answer.headers['content-type']).includes('json;');
    return { ...answer, text, json: isJson ? JSON.parse(text) : undefined };
  };
  return { ...double, face, send };
}
