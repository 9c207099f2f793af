import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { defaultSignatureAlgorithm } from '#src/domain/x509/signature-algorithm.ts';
import { itWith, run } from '../../support/judges.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { tracedSteps } from '../../support/traced-steps.ts';
import { cheapest, fileVault, passphrase } from './vault-under-test.ts';

const source = (file: string): string => new URL(`../../../src/adapters/${file}`, import.meta.url).href;

/** Makes keys without end, or `count` of them, and prints the name of each as soon as it is acknowledged. */
const keyMaker = (directory: string, first: string, count: number): string => `
  import { writeSync } from 'node:fs';
  import { openFileVault } from '${source('vault-file/vault-file.ts')}';
  import { systemRandomness as randomness } from '${source('system-randomness.ts')}';
  const options = { directory: '${directory}', passphrase: '${passphrase}', randomness, cost: ${JSON.stringify(cheapest)} };
  const vault = await openFileVault(options);
  writeSync(1, 'open\\n');
  for (let made = 0; made < ${count}; made += 1) {
    const key = await vault.createKey('${first}.' + made, 'ed25519');
    writeSync(1, key.name + '\\n');
  }
`;

/** The names that were acknowledged before the kill, which comes `delayMs` after the vault was opened. */
function killedMaker(directory: string, round: number, delayMs: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', keyMaker(directory, `round-${round}`, 1e9)]);
  const names: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'open') setTimeout(() => child.kill('SIGKILL'), delayMs);
    else names.push(line);
  });
  return new Promise((done, failed) => child.on('error', failed).on('close', () => done(names)));
}

it('loses no acknowledged key and leaves no half one when it is killed at any moment', async () => {
  const store = fileVault();
  const acknowledged: string[] = [];
  for (let round = 0; round < 12; round += 1) {
    acknowledged.push(...(await killedMaker(store.directory, round, 12 * round)));
    const vault = await store.open();
    const names = new Set((await vault.listKeys()).map((key) => key.name));
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
    // At most the one that was being made is there without being acknowledged.
    expect(names.size - acknowledged.length).toBeLessThanOrEqual(round + 1);
    await vault.close();
  }
  expect(acknowledged.length).toBeGreaterThan(0);
  const vault = await store.open();
  const [last = ''] = acknowledged.slice(-1);
  const signer = await vault.signer(last, defaultSignatureAlgorithm('ed25519'));
  await expect(signer.sign(Buffer.from('tbs'))).resolves.toHaveLength(64);
});

itWith('strace', 'syncs the file before it has its name, and its folder before the key is acknowledged', async () => {
  const folder = temporaryFolder();
  const directory = join(folder.path, 'vault');
  mkdirSync(directory, { mode: 0o700 });
  const trace = join(folder.path, 'trace');
  const traced = ['-f', '-y', '-e', 'trace=fsync,fdatasync,link,linkat,write', '-o', trace];
  const program = [process.execPath, '--input-type=module', '-e', keyMaker(directory, 'root', 1)];
  const { code, stderr } = await run('strace', [...traced, ...program]);
  expect(code, stderr).toBe(0);
  const steps = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => line.includes('root.0') || /sync\(\d+<[^>]*\/vault>/.test(line))
    .map((line) => /(fsync|fdatasync|link|linkat|write)\(/.exec(line)?.[1]);
  const made = steps.slice(steps.indexOf('write'));
  expect(made).toEqual(['write', 'fsync', 'link', 'fsync', 'write']);
});

itWith(
  'strace',
  'syncs every key under a new passphrase before that is in force, and the old ones go after',
  async () => {
    const store = fileVault();
    const vault = await store.open();
    await vault.createKey('root', 'ed25519');
    await vault.close();
    const script = `
    import { writeSync } from 'node:fs';
    import { stageRewrap } from '${source('vault-file/rewrap.ts')}';
    import { systemRandomness as randomness } from '${source('system-randomness.ts')}';
    const { directory, ...given } = ${JSON.stringify({ directory: store.directory, from: passphrase, to: 'another', cost: cheapest })};
    const { commit } = await stageRewrap({ directory, ...given, randomness });
    writeSync(1, 'staged\\n');
    await commit();
    writeSync(1, 'in force\\n');
  `;
    const vaultName = basename(store.directory);
    expect(await tracedSteps(script, store.directory)).toEqual([
      ...['fsync .root.key.json.*.tmp', 'link root.key.json', 'fsync .rewrap.tmp'],
      ...['fsync .vault.json.*.tmp', 'link vault.json', 'fsync .rewrap.tmp', 'staged'],
      ...['rename .rewrap', `fsync ${vaultName}`, 'rename root.key.json', 'rename vault.json', `fsync ${vaultName}`],
      ...[`fsync ${vaultName}`, 'in force'],
    ]);
  },
);
