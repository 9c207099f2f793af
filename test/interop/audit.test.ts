/** docs/audit.md verified by hand: openssl and sha256sum alone agree with the running service, without a line of its code. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { commandLine } from '../support/command-line.ts';
import { itWith, pathOf, run } from '../support/judges.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { suiteFolder } from '../support/suite-folder.ts';

const folder = suiteFolder();
let service: RunningService;
beforeAll(async () => {
  service = await startService();
  // The housekeeping signs within a second or two of the start.
  await vi.waitUntil(() => existsSync(service.path('audit/checkpoint')), { timeout: 20_000, interval: 100 });
});
afterAll(() => service.dispose());

async function exported(): Promise<string> {
  const { body } = await service.admin('/v1/audit-events', { headers: { accept: 'application/x-ndjson' } });
  const file = folder('events.ndjson');
  writeFileSync(file, body);
  return file;
}

/** As docs/audit.md has it, in a shell. */
const shell = (script: string) => run('sh', ['-euc', script], { cwd: folder('.') });

itWith(['openssl'], 'openssl verifies a checkpoint, its key’s certificate, and refuses a changed one', async () => {
  const { body } = await service.admin('/v1/audit-checkpoints/latest', { headers: { accept: 'text/plain' } });
  writeFileSync(folder('checkpoint'), body);
  const openssl = pathOf('openssl');
  const system = service.path('trust/system.pem');
  const verify = `
    ${openssl} verify -CAfile ${system} checkpoint
    ${openssl} x509 -in checkpoint -noout -ext extendedKeyUsage
    ${openssl} x509 -in checkpoint -noout -pubkey > audit.pub
    sed '/^$/,$d' checkpoint > signed
    sed -n 's/^signature ecdsa-with-SHA256 //p' checkpoint | ${openssl} base64 -d -A > signature
    ${openssl} dgst -sha256 -verify audit.pub -signature signature signed`;
  const good = await shell(verify);
  expect([good.code, good.stderr]).toEqual([0, '']);
  expect(good.stdout.toString()).toMatch(
    /checkpoint: OK[\s\S]*(Document Signing|1\.3\.6\.1\.5\.5\.7\.3\.36)[\s\S]*Verified OK/,
  );
  writeFileSync(folder('checkpoint'), body.toString().replace(/^seq .*$/m, 'seq 1'));
  expect((await shell(verify)).code).not.toBe(0);
});

it('sha256sum gives the hash of every event of an export', async () => {
  const file = await exported();
  const { code, stdout, stderr } = await shell(
    `
    previous=$(printf '0%.0s' $(seq 64))
    while IFS= read -r line; do
      text=\${line#'{"event":'}
      text=\${text%,\\"previousHash\\":*}
      hash=$( { printf "$(printf '%s' "$previous" | sed 's/../\\\\x&/g')"; printf '%s' "$text"; } | sha256sum | cut -c1-64)
      case $line in *",\\"previousHash\\":\\"$previous\\",\\"hash\\":\\"$hash\\"}") ;; *) echo "wrong: $line"; exit 1 ;; esac
      previous=$hash
    done < ${file}
    echo right`.replaceAll('printf "$(', '/usr/bin/env printf "$('),
  );
  expect([code, stdout.toString(), stderr]).toEqual([0, 'right\n', '']);
});

it('the log of the running service verifies, its export and its database alike, and after its end', async () => {
  const home = ['--home', service.home];
  const verify = (...argv: string[]) => commandLine(['audit', 'verify', ...argv, ...home]);
  const checkpoint = join(service.home, 'audit/checkpoint');
  expect((await verify()).code).toBe(0);
  expect((await verify(await exported(), '--checkpoint', checkpoint)).code).toBe(0);
  await service.stop();
  const { code, stdout } = await verify('--json');
  expect(code).toBe(0);
  const { events, signedSeq } = JSON.parse(stdout);
  // The stop is the last event, and signed.
  expect(signedSeq).toBe(events);
});
