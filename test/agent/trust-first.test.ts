/** New roots and a new certificate at once: what some programs can only take one after the other. */
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { makeTestHierarchy } from '../support/test-hierarchy.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

/** With a program that notes, each time it is told, which set is in use and how many roots that has. */
function notingAgent(reloadOf: (program: string) => Readonly<Record<string, unknown>>) {
  const { path, write } = temporaryFolder();
  const [told, tls] = [join(path, 'told'), join(path, 'tls')];
  const roots = `$(grep -c BEGIN ${tls}/current/trust.pem)`;
  const program = write('program', `#!/bin/sh\necho "$(readlink ${tls}/current) ${roots}" >> ${told}\n`);
  chmodSync(program, 0o755);
  const files = { folder: tls, outputs: { 'trust.pem': {}, 'keystore.p12': {}, 'truststore.p12': {} } };
  const target = { reload: reloadOf(program), files };
  const agent = rotatingAgent(service, path, target);
  const root = write('root.pem', makeTestHierarchy().root.pem);
  return {
    agent,
    addRoot: () => agent.rewrite({ ...target, files: { ...files, alsoTrust: [root] } }),
    dropRoot: () => agent.rewrite(target),
    /** Serial and number of roots, each time. */
    told: () =>
      readFileSync(told, 'utf8')
        .trim()
        .split('\n')
        .map((line) => [line.slice(-42, -2), Number(line.slice(-1))]),
  };
}

const kafka = (program: string) => ({
  ...{ action: 'kafka', command: [program], bootstrapServer: 'localhost:9093', commandConfig: '/dev/null' },
  ...{ brokers: [1], settleSeconds: 1 },
});

describe('a rotation together with new roots', () => {
  it('gives Kafka the roots with the certificate that it has, and then the new certificate', async () => {
    const { agent, addRoot, told } = notingAgent(kafka);
    await agent.turn();
    const [[first]] = told() as [[string, number]];
    addRoot();
    expect((await agent.turn({ force: true })).act).toBe('rotated');
    expect(told()).toEqual([
      [first, 1],
      [first, 2],
      [expect.not.stringMatching(first), 2],
    ]);
  });

  it('takes no root from Kafka before the new certificate is there: clients may still show certificates under it', async () => {
    const { agent, addRoot, dropRoot, told } = notingAgent(kafka);
    addRoot();
    await agent.turn();
    const [[first]] = told() as [[string, number]];
    dropRoot();
    expect((await agent.turn({ force: true })).act).toBe('rotated');
    expect(told()).toEqual([
      [first, 2],
      [expect.not.stringMatching(first), 1],
    ]);
  });

  it('is one step for Kafka when no root is new, and for other programs in any case', async () => {
    const same = notingAgent(kafka);
    await same.agent.turn();
    await same.agent.turn({ force: true });
    expect(same.told().map(([, roots]) => roots)).toEqual([1, 1]);
    const other = notingAgent((program) => ({ action: 'exec', command: [program] }));
    await other.agent.turn();
    other.addRoot();
    await other.agent.turn({ force: true });
    expect(other.told().map(([, roots]) => roots)).toEqual([1, 2]);
  });
});
