/** The rotation of a root waits for running agents: what the program itself reports takes the step, and nothing else does. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RotationJson } from '../../src/api/authority-rotation.ts';
import { type AgentProcess, agentProcess } from '../support/agent-process.ts';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { suiteFolder } from '../support/suite-folder.ts';

const folder = suiteFolder();
let service: RunningService;
let running: AgentProcess | undefined;
beforeAll(async () => {
  service = await startService({ readyWithinMs: 100_000 });
}, 120_000);
afterAll(async () => {
  await running?.end();
  await service?.dispose();
});

const rotation = '/v1/authorities/dev-root/rotation';
async function ask(
  path: string,
  body?: object,
): Promise<{ status: number; json: RotationJson & { reasons?: object[] } }> {
  const headers = { 'content-type': 'application/json' };
  const sent = body ? { method: 'POST', headers, body: JSON.stringify(body) } : {};
  const answer = await service.admin(path, sent);
  return { status: answer.status, json: JSON.parse(answer.body.toString()) };
}

const once = async (file: string): Promise<number> => agentProcess(file).ended;

it('is trusted when every target says so, and names the one that does not', async () => {
  const [early, late] = ['early', 'late'].map((name) => rotatingAgent(service, join(folder('.'), name), { name }));
  expect([await once(early!.file), await once(late!.file)]).toEqual([0, 0]);
  expect((await ask(rotation, {})).status).toBe(201);
  const held = await ask(`${rotation}/advance`, {});
  expect([held.status, held.json.reasons]).toEqual([409, [expect.objectContaining({ field: 'rootTrusted' })]]);

  running = agentProcess(early!.file, '--daemon');
  const inTheWay = async () => (await ask(rotation)).json.obstacles.flatMap(({ who }) => who);
  await expect
    .poll(inTheWay, { timeout: 150_000, interval: 500 })
    .toEqual([expect.stringMatching(/^dev\/demo: 1 of 2 targets \(\S+\/late\)$/)]);
  expect((await ask(`${rotation}/advance`, {})).status).toBe(409);

  expect(await once(late!.file)).toBe(0);
  expect(late!.read('trust.pem').match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect(await inTheWay()).toEqual([]);
  expect(await ask(`${rotation}/advance`, {})).toMatchObject({ status: 200, json: { state: 'trusted' } });
}, 300_000);
