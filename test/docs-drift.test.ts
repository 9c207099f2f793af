/** The generated pages are what the tables of the code give, and the tables say everything that the pages promise. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { generatedPages } from '../scripts/write-docs.ts';
import { loadConfig, otherVariables, rulesOf, variableOf } from '../src/config.ts';

it.each([...generatedPages()])('%s is what the tables give; else run npm run docs', async (name, text) => {
  expect(await readFile(new URL(`../${name}`, import.meta.url), 'utf8')).toBe(text);
});

it('every setting says what it is for, and every number in which unit', () => {
  const silent = Object.entries(rulesOf).filter(
    ([, { description, type, unit }]) => !description || (type === 'integer' && !unit),
  );
  expect(silent).toEqual([]);
});

it('every default of the page is what a start without settings gets', async () => {
  const config = await loadConfig({}, '/nowhere');
  const { home, ...others } = Object.fromEntries(
    Object.entries(rulesOf).flatMap(([key, rules]) => (rules.default === undefined ? [] : [[key, rules.default]])),
  );
  expect(config).toEqual({ ...others, home: '/nowhere/data' });
  expect(home).toBe('./data');
});

it('every variable of the page is read, and any other is refused', async () => {
  const settings = { logLevel: 'warn', requestLog: 'false', metricsProducts: '7', serverNames: 'a.example,b.example' };
  const named = Object.entries(settings).map(([key, text]) => [variableOf(key), text]);
  const others = Object.keys(otherVariables).filter((name) => name !== 'PRIVYSEAL_CONFIG');
  const env = Object.fromEntries([...named, ...others.map((name) => [name, 'x'])]) as NodeJS.ProcessEnv;
  expect(await loadConfig(env, '/nowhere')).toMatchObject({
    ...{ logLevel: 'warn', requestLog: false, metricsProducts: 7 },
    serverNames: ['a.example', 'b.example'],
  });
  await expect(loadConfig({ PRIVYSEAL_NO_SUCH: 'x' }, '/nowhere')).rejects.toMatchObject({ code: 'badConfiguration' });
});
