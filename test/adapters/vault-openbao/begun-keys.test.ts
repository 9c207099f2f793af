/** A kill between a key that OpenBao made and its record: the doctor names the key, and whoever asks again takes it. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { examineDatabase } from '#src/adapters/inventory-sqlite/copies/examine-database.ts';
import { examineOpenBao } from '#src/adapters/vault-openbao/examine-openbao.ts';
import { type BaoServer, startBao } from '../../support/bao-server.ts';
import { describeWith, pathOf } from '../../support/judges.ts';
import { admin, firstRunService, openService } from '../../support/service-builder.ts';
import { suiteHomes } from '../../support/suite-folder.ts';
import { newMount, openBao, optionsFor } from './vault-under-test.ts';

const newHome = suiteHomes();

describeWith('bao', 'a key that OpenBao made for a service that was killed', () => {
  let server: BaoServer;
  beforeAll(async () => {
    server = await startBao({ program: pathOf('bao') });
  });
  afterAll(() => server.stop());

  it('is named by the doctor, and taken by whoever tries again', async () => {
    const home = newHome();
    const options = { ...optionsFor(server), mount: await newMount(server) };
    const open = async () => [await openBao(server, options)];
    let recording: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (recording = resolve));
    const killed = await firstRunService({
      home,
      furtherVaults: await open(),
      wrapInventory: (inventory) =>
        new Proxy(inventory, {
          get(target, name) {
            const method: unknown = Reflect.get(target, name);
            if (name !== 'startRotation') return typeof method === 'function' ? method.bind(target) : method;
            return () => {
              recording();
              return new Promise(() => undefined);
            };
          },
        }),
    });
    void killed.services.startRotation(admin, 'dev-issuing', { vault: 'bao' });
    await begun;
    await killed.close();
    const facts = examineDatabase(join(home, 'privyseal.db'), 'migrations/sqlite', 0);
    if (facts === 'outdated') throw new Error(facts);
    const [key] = facts.begunKeys;
    expect(facts.begunKeys).toEqual([{ vault: 'bao', key: key!.key, purpose: 'dev-issuing', isTakenUp: true }]);
    const told = (await examineOpenBao(options, [], facts.begunKeys)).map(({ says }) => says);
    expect(told).toEqual([expect.anything(), expect.stringContaining(`bao holds ${key!.key}`)]);

    const furtherVaults = await open();
    const next = await openService({ home, furtherVaults });
    try {
      await next.services.startRotation(admin, 'dev-issuing', { vault: 'bao' });
      const coming = (await next.inventory.generations()).find(({ phase }) => phase === 'coming');
      expect(coming).toMatchObject({ vault: 'bao', vaultKey: key!.key });
      expect((await furtherVaults[0]!.listKeys()).map(({ name }) => name)).toEqual([key!.key]);
    } finally {
      await next.close();
    }
  });
});
