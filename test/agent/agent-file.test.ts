/** The agent's file: every key is documented, and everything that is wrong is said at once, with its path. */
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { AgentSchema } from '#src/agent/config/agent-schema.ts';
import { loadAgentFile } from '#src/agent/config/load-agent-file.ts';
import { readShape } from '#src/agent/config/read-shape.ts';
import { StartError } from '#src/domain/errors.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const page = readFileSync(new URL('../../docs/agent.md', import.meta.url), 'utf8');
const [, documented = ''] = /^```yaml\n(.*?)^```$/ms.exec(page) ?? [];

/** A file that is good, in a folder with all that it names. */
function goodFile() {
  const { path: folder } = temporaryFolder();
  writeFileSync(join(folder, 'system.pem'), 'a CA');
  writeFileSync(join(folder, 'token'), 'pst_x', { mode: 0o600 });
  const target = { name: 'web', names: ['a.example'], enrol: { tokenFile: 'token' }, files: { folder: 'tls' } };
  const content = {
    service: { url: 'https://ca.example:8443', ca: 'system.pem' },
    stateFolder: 'state',
    targets: [target],
  };
  return { folder, target, content };
}

async function complaintsOf(folder: string, content: unknown): Promise<string[]> {
  const file = join(folder, 'agent.yaml');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  const error: unknown = await loadAgentFile(file).then(
    () => undefined,
    (refusal: unknown) => refusal,
  );
  if (error === undefined) return [];
  expect(error).toBeInstanceOf(StartError);
  expect((error as StartError).code).toBe('badConfiguration');
  return (error as StartError).message.split('\n').slice(1);
}

describe('the file of docs/agent.md', () => {
  it('is one that the agent takes', () => {
    expect(readShape(AgentSchema, parse(documented)).complaints).toEqual([]);
  });

  it('shows every key there is', () => {
    const keys = (schema: object): string[] =>
      Object.entries(schema).flatMap(([key, value]) => {
        if (key === 'properties') return [...Object.keys(value), ...Object.values(value as object).flatMap(keys)];
        // The actions of reload have a page of their own.
        return key !== 'anyOf' && typeof value === 'object' && value !== null ? keys(value) : [];
      });
    const elsewhere = ['withinSeconds', 'client'];
    const missing = keys(AgentSchema).filter((key) => !page.includes(`${key}:`) && !elsewhere.includes(key));
    expect([...new Set(missing)]).toEqual([]);
  });
});

describe('a file', () => {
  it('gets defaults and absolute paths', async () => {
    const { folder, content } = goodFile();
    const file = join(folder, 'agent.yaml');
    writeFileSync(file, JSON.stringify(content));
    const loaded = await loadAgentFile(file);
    expect(loaded).toMatchObject({ pollSeconds: 300, stateFolder: join(folder, 'state') });
    expect(loaded.targets[0]).toMatchObject({
      keyType: 'ec-p256',
      keep: 3,
      files: { folder: join(folder, 'tls'), mode: 'link' },
    });
  });

  it('gives a folder to one target, whatever symbolic link leads there', async () => {
    const { folder, target, content } = goodFile();
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'alias'));
    const inFolder = (name: string, files: string) => ({ ...target, name, files: { folder: files } });
    const targets = [inFolder('one', 'real/tls'), inFolder('two', 'alias/tls')];
    expect(await complaintsOf(folder, { ...content, targets })).toEqual([
      expect.stringMatching(/^targets: the folder .*\/real\/tls is given to more than one target$/),
    ]);
  });

  it('reads paths of a reload from its own folder, too', async () => {
    const { folder, target, content } = goodFile();
    const [hook, file] = [join(folder, 'hook'), join(folder, 'agent.yaml')];
    writeFileSync(hook, '#!/bin/sh', { mode: 0o755 });
    const reload = { action: 'exec', command: ['./hook', './stays'] };
    writeFileSync(file, JSON.stringify({ ...content, targets: [{ ...target, reload }] }));
    expect((await loadAgentFile(file)).targets[0]!.reload).toMatchObject({ command: [hook, './stays'] });
  });

  it('is refused with everything that is wrong with its shape, each with its path', async () => {
    const { folder, target, content } = goodFile();
    const files = { folder: 'tls', mode: 'copy', outputs: { 'key.pem': { mode: '999' }, 'ca.pem': {} } };
    const web = {
      ...target,
      colour: 'red',
      names: [],
      files,
      reload: { action: 'exec' },
      proof: { host: 'a', port: 0 },
    };
    const complaints = await complaintsOf(folder, { ...content, pollSeconds: 1, targets: [web], metrics: true });
    const paths = complaints.map((complaint) => complaint.split(' ')[0]);
    expect(paths.toSorted()).toEqual([
      ...['metrics', 'pollSeconds', 'targets[0].colour', 'targets[0].files.mode', 'targets[0].files.outputs.ca.pem'],
      ...['targets[0].files.outputs.key.pem.mode', 'targets[0].names', 'targets[0].proof.port'],
      'targets[0].reload.command',
    ]);
  });

  it('is told what a value must be, by an example where a pattern alone would puzzle', async () => {
    const { folder, target, content } = goodFile();
    const web = {
      ...target,
      enrol: { tokenFile: '' },
      files: { folder: 'tls', outputs: { 'key.pem': { mode: 640 } } },
      reload: { action: 'signal', pidFile: 'web.pid' },
    };
    expect(await complaintsOf(folder, { ...content, targets: [web] })).toEqual([
      'targets[0].enrol.tokenFile is "", but must be a text of 1 to 4096 characters',
      'targets[0].files.outputs.key.pem.mode is 640, but must be a text like "0640" (^0?[0-7]{3}$)',
      'targets[0].reload.pidFile is "web.pid", but must be a text like /path/to/file (^/[^\\u0000]*$)',
    ]);
  });

  it('is refused with everything that is wrong on this machine', async () => {
    const { folder, target, content } = goodFile();
    chmodSync(join(folder, 'token'), 0o640);
    writeFileSync(join(folder, 'pw'), 'secret!', { mode: 0o604 });
    writeFileSync(join(folder, 'plain'), '');
    mkdirSync(join(folder, 'hook'));
    const files = {
      folder: 'plain/tls',
      owner: 'nobody-of-this-name',
      outputs: { 'keystore.p12': {} },
      passwordFile: 'pw',
    };
    const reload = { action: 'exec', command: [join(folder, 'no-hook')] };
    const complaints = await complaintsOf(folder, { ...content, targets: [{ ...target, files, reload }] });
    const said = complaints.join('\n');
    for (const part of ['tokenFile', 'passwordFile', 'files.folder', 'reload.command', 'owner'])
      expect(said).toContain(part);
    expect(complaints).toHaveLength(5);
  });

  it.each([
    ['two targets of one name and folder', (target: object) => [target, target], 2],
    ['a name that is none', (target: object) => [{ ...target, names: ['not a name'] }], 1],
    ['a target called like a verb', (target: object) => [{ ...target, name: 'status' }], 1],
  ])('is refused for %s', async (_what, targets, count) => {
    const { folder, target, content } = goodFile();
    expect(await complaintsOf(folder, { ...content, targets: targets(target) })).toHaveLength(count);
  });

  it('says of each name that is none what to do about it', async () => {
    const { folder, target, content } = goodFile();
    const names = ['m\u00fcnchen.example', 'web_1.example', 'a.example'];
    const complaints = await complaintsOf(folder, { ...content, targets: [{ ...target, names }] });
    expect(complaints).toEqual([expect.stringContaining('ASCII'), expect.stringContaining('underscore')]);
  });

  it('is refused when it is not there, not YAML, or not settings', async () => {
    const { folder } = goodFile();
    await expect(loadAgentFile(join(folder, 'none.yaml'))).rejects.toMatchObject({ code: 'badConfiguration' });
    writeFileSync(join(folder, 'half.yaml'), 'a: [');
    await expect(loadAgentFile(join(folder, 'half.yaml'))).rejects.toMatchObject({ code: 'badConfiguration' });
    expect(await complaintsOf(folder, '- 1')).toHaveLength(1);
  });
});
