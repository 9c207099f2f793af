/** The way of an operator and a product, through the command line against the running service: from its rules to its removal. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLine } from '../support/command-line.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { suiteFolder } from '../support/suite-folder.ts';

const folder = suiteFolder();
let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.dispose());

const run = (...argv: string[]) =>
  commandLine(
    [...argv, '--home', service.home, '--url', service.urls.public, '--admin-url', service.urls.admin, '--json'],
    { now: Date.now(), cwd: folder('.') },
  );
const answerOf = async (...argv: string[]) => {
  const { code, stdout, stderr } = await run(...argv);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Record<string, unknown> & { serial: string; id: string };
};
const refusalOf = async (...argv: string[]) => {
  const { stderr } = await run(...argv);
  return (JSON.parse(stderr) as { error: { code: string; message: string } }).error;
};

describe('a product of the running service', () => {
  it('gets a certificate by its token, and cannot be removed before that one has ended', async () => {
    const rules = ['--name', 'dev.product-a.dev', '--name', '*.product-a.dev', '--contact', 'team-a@example.org'];
    await answerOf('product', 'add', 'dev/product-a', ...rules);
    await answerOf('token', 'add', 'dev/product-a', '--uses', '2', '--expires', '24h', '--out', 'a.token');
    const asProduct = ['--token-file', join(folder('.'), 'a.token')];
    const first = await answerOf('request', 'api.product-a.dev', ...asProduct);
    expect(await answerOf('show', first.serial)).toMatchObject({ product: 'dev/product-a', productVersion: 1 });

    await answerOf('product', 'update', 'dev/product-a', '--name', 'dev.product-a.dev');
    expect(await refusalOf('request', 'web.product-a.dev', ...asProduct)).toMatchObject({ code: 'rejectedIdentifier' });
    const second = await answerOf('request', 'dev.product-a.dev', ...asProduct);
    expect(await answerOf('show', second.serial)).toMatchObject({ productVersion: 2, profile: { version: 1 } });
    expect(await refusalOf('request', 'dev.product-a.dev', ...asProduct, '--out', 'third')).toMatchObject({
      code: 'unauthorized',
    });

    const kept = await refusalOf('product', 'remove', 'dev/product-a', '--yes');
    expect(kept).toMatchObject({ code: 'conflict', message: expect.stringContaining('2 certificates') });
    for (const { serial } of [first, second])
      await answerOf('revoke', serial, '--reason', 'cessationOfOperation', '--yes');
    await answerOf('product', 'remove', 'dev/product-a', '--yes');
    expect(await answerOf('token', 'list', '--product', 'dev/product-a')).toEqual({ items: [] });
    expect(await answerOf('product', 'show', 'dev/product-a', '--at', '1')).toMatchObject({ version: 1 });
  });

  it.each([
    'dev/..',
    'dev/.',
    'dev/Product',
    'dev/pr\u043educt',
    'dev/a%2fb',
    "dev/a'--",
    'dev/<script>',
    'system/a',
    'none/a',
  ])('is not called %j', async (id) => {
    expect(await refusalOf('product', 'add', id, '--name', 'a.dev')).toMatchObject({ code: 'policyRefused' });
    expect((await run('product', 'show', id)).code).not.toBe(0);
  });
});
