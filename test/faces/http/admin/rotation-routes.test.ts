/** Rotations of authorities as the admin face shows and takes them: what is asked is handed on, and a dry run changes nothing. */
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { CompromiseJson, RotationJson, RotationPlanJson } from '../../../../src/api/authority-rotation.ts';
import { openAdmin } from '../../../support/open-admin.ts';
import { testRotationJson } from '../../../support/rotations-double.ts';

const path = '/v1/authorities/dev-root/rotation';
const compromise = '/v1/authorities/dev-root/compromise';
const reason = 'the key was found in a log';
const rotateBy = '2026-12-01T00:00:00.900Z';
const rotateBySeconds = Date.UTC(2026, 11, 1) / 1000;

type Opened = Awaited<ReturnType<typeof openAdmin>>;
/** Which services were called, and with what besides the caller. */
const asked = ({ calls }: Opened, ...names: readonly string[]) =>
  calls.filter(({ name }) => names.includes(name)).map(({ name, args }) => [name, ...args.filter(isNoCaller)]);
const isNoCaller = (value: unknown): boolean => !(typeof value === 'object' && value !== null && 'kind' in value);

const rotating = ['planRotation', 'startRotation', 'advanceRotation', 'abandonRotation'];
const declaring = ['planCompromise', 'declareCompromise'];

describe('a rotation', () => {
  it('is shown as it is', async () => {
    const { send } = await openAdmin({}, 'auditor');
    expect((await send('GET', path)).json).toEqual(testRotationJson);
    expect((await send('GET', '/v1/authorities/nobody/rotation')).status).toBe(404);
  });

  it('is started, and told where it is', async () => {
    const opened = await openAdmin();
    const body = { vault: 'bao', key: 'root-2', keyType: 'ec-p384' };
    const answer = await opened.send('POST', path, {}, { ...body, dryRun: false });
    expect([answer.status, answer.headers.location, Value.Check(RotationJson, answer.json)]).toEqual([201, path, true]);
    expect(asked(opened, ...rotating)).toEqual([['startRotation', 'dev-root', body]]);
  });

  it('is only planned in a dry run', async () => {
    const opened = await openAdmin();
    const answer = await opened.send('POST', path, {}, { vault: 'bao', dryRun: true });
    expect([answer.status, Value.Check(RotationPlanJson, answer.json)]).toEqual([200, true]);
    expect(asked(opened, ...rotating)).toEqual([['planRotation', 'dev-root', { vault: 'bao' }]]);
  });

  it.each([
    [{}, {}],
    [{ force: reason }, { reason }],
    [{ rotateBy }, { rotateBy: rotateBySeconds }],
  ])('is advanced by %j', async (body, input) => {
    const opened = await openAdmin();
    expect((await opened.send('POST', `${path}/advance`, {}, body)).status).toBe(200);
    expect(asked(opened, ...rotating)).toEqual([['advanceRotation', 'dev-root', input]]);
  });

  it('is abandoned', async () => {
    const opened = await openAdmin();
    expect((await opened.send('POST', `${path}/abandon`)).status).toBe(200);
    expect(asked(opened, ...rotating)).toEqual([['abandonRotation', 'dev-root']]);
  });

  it('says when the old key was destroyed, and which campaign rotates what it issued', async () => {
    const at = Date.UTC(2026, 11, 1);
    const campaign = '019aa5c2-5d80-7c3e-9d2b-5f0e6a1c8b47';
    const { send } = await openAdmin({
      readRotation: async () => ({
        ...{ from: 'dev-root', to: 'dev-root.2', next: null, obstacles: [], certificates: [], oldKeyDestroyedAt: at },
        rotation: {
          ...{ authority: 'dev-root', generation: 2, predecessor: 1, state: 'retired', campaign },
          ...{ startedAt: at - 2, startedBy: 'operator:admin', changedAt: at - 1 },
        },
      }),
    });
    expect((await send('GET', path)).json).toMatchObject({
      ...{ state: 'retired', next: null, campaign, oldKeyDestroyedAt: '2026-12-01T00:00:00.000Z' },
      ...{ startedAt: '2026-11-30T23:59:59.998Z', changedAt: '2026-11-30T23:59:59.999Z' },
    });
  });

  it.each([
    ['', { dryRun: 'yes' }, 'dryRun'],
    ['', { key: '' }, 'key'],
    ['', { keyType: 'rsa-1024' }, 'keyType'],
    ['', { surprise: 1 }, 'surprise'],
    ['/advance', { force: 'too short' }, 'force'],
    ['/advance', { force: 'over two\nlines' }, 'force'],
    ['/advance', { rotateBy: 'soon' }, 'rotateBy'],
    ['/advance', { rotateBy: '2026-13-01T00:00:00Z' }, 'rotateBy'],
    ['/advance', { rotateBy: '2026-12-31T23:59:60Z' }, 'rotateBy'],
  ])('is refused%s with %j', async (step, body, field) => {
    const opened = await openAdmin();
    const { status, json } = await opened.send('POST', `${path}${step}`, {}, body);
    expect([status, json.reasons.map((one: { field: string }) => one.field)]).toEqual([400, [field]]);
    expect(asked(opened, ...rotating)).toEqual([]);
  });
});

describe('a compromise', () => {
  it('is declared with everything that was said', async () => {
    const opened = await openAdmin();
    const answer = await opened.send('POST', compromise, {}, { reason, generation: 2, vault: 'file', rotateBy });
    expect([answer.status, Value.Check(CompromiseJson, answer.json)]).toEqual([200, true]);
    const input = { reason, generation: 2, vault: 'file', rotateBy: rotateBySeconds };
    expect(asked(opened, ...declaring)).toEqual([['declareCompromise', 'dev-root', input]]);
  });

  it('is declared with a reason alone, and when it is said to be no dry run', async () => {
    const opened = await openAdmin();
    for (const body of [{ reason }, { reason, dryRun: false }]) await opened.send('POST', compromise, {}, body);
    expect(asked(opened, ...declaring)).toEqual(Array(2).fill(['declareCompromise', 'dev-root', { reason }]));
  });

  it('is not declared in a dry run, which tells the same with nothing that only comes of doing it', async () => {
    const opened = await openAdmin();
    const body = { reason, generation: 2, vault: 'file', rotateBy, dryRun: true };
    const answer = await opened.send('POST', compromise, {}, body);
    expect([answer.status, Value.Check(CompromiseJson, answer.json)]).toEqual([200, true]);
    expect(answer.json).toMatchObject({ campaigns: [], waiting: [], unfinished: [], products: [{ certificates: 3 }] });
    const input = { generation: 2, vault: 'file', rotateBy: rotateBySeconds };
    expect(asked(opened, ...declaring)).toEqual([['planCompromise', 'dev-root', input]]);
  });

  it('tells its campaigns, and what waits or could not be finished', async () => {
    const told = {
      ...{ campaigns: ['019aa5c2-5d80-7c3e-9d2b-5f0e6a1c8b47'], waiting: ['corp-issuing.2'] },
      unfinished: [{ generation: 'dev-issuing.2', reason: 'The vault is sealed.' }],
    };
    const { send } = await openAdmin({
      declareCompromise: async () => ({
        ...{ replaced: [], revoked: [], products: [], operators: [], revocableElsewhere: [] },
        ...told,
      }),
    });
    expect((await send('POST', compromise, {}, { reason })).json).toMatchObject(told);
  });

  it.each([
    [{}, 'reason'],
    [{ reason: 'too short' }, 'reason'],
    [{ reason, generation: 0 }, 'generation'],
    [{ reason, generation: '2' }, 'generation'],
    [{ reason, vault: '' }, 'vault'],
    [{ reason, rotateBy: '2026-13-01T00:00:00Z' }, 'rotateBy'],
    [{ reason, rotateBy: '2026-12-31T23:59:60Z' }, 'rotateBy'],
    [{ reason, surprise: 1 }, 'surprise'],
  ])('is refused with %j', async (body, field) => {
    const opened = await openAdmin();
    const { status, json } = await opened.send('POST', compromise, {}, body);
    expect([status, json.reasons.map((one: { field: string }) => one.field)]).toEqual([400, [field]]);
    expect(asked(opened, ...declaring)).toEqual([]);
  });
});
