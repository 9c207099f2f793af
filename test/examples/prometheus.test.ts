/** The example for Prometheus: rules judged by promtool, a page typed in as it stands, and nothing asked for that is not there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readmeScript } from '../support/example-page.ts';
import { freePort } from '../support/free-port.ts';
import { exchange } from '../support/http-exchange.ts';
import { itWith, pathOf, run } from '../support/judges.ts';
import { parseMetrics } from '../support/metrics-text.ts';
import { projectFolder, type RunningService, startService } from '../support/running-service.ts';
import { submit } from '../support/submit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const folder = join(projectFolder, 'examples/prometheus');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}
interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}
interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

const ruleTests = ['alerts.test.yml', 'alerts-over-days.test.yml'];
const rules = (parse(read('alerts.yml')) as Rules).groups.flatMap((group) => group.rules);
const dashboard = (JSON.parse(read('dashboard.json')) as Dashboard).panels;
const panelExpressions = dashboard.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** The names of metrics in an expression; `up` is Prometheus' own. */
const metricsOf = (expr: string): string[] => expr.match(/\b(?:privyseal|process|nodejs)_[a-z0-9_]+/g) ?? [];

let service: RunningService;
beforeAll(async () => {
  service = await startService();
  await submit(service);
});
afterAll(() => service?.dispose());

/** With the certificates by product, which are counted in the background. */
async function wholeText(): Promise<string> {
  let text = '';
  const scrape = async () => (text = (await service.admin('/metrics')).body.toString());
  await expect.poll(scrape, { timeout: 20_000 }).toContain('privyseal_certificates{');
  return text;
}

describe('the metrics of a running service', () => {
  const formats = [
    ['prometheus', 'text/plain'],
    ['openMetrics', 'application/openmetrics-text'],
  ] as const;

  it.each(formats)('are %s to the letter', async (format, accept) => {
    const answer = await service.admin('/metrics', { headers: { accept } });
    expect(parseMetrics(answer.body.toString(), format).length).toBeGreaterThan(20);
  });

  it('hold each metric that an alert or a panel asks for', async () => {
    const exported = new Set(
      parseMetrics(await wholeText(), 'prometheus').flatMap(({ samples }) => samples.map(({ name }) => name)),
    );
    const asked = [...rules.map(({ expr }) => expr), ...panelExpressions].flatMap(metricsOf);
    expect(asked.length).toBeGreaterThan(30);
    expect(asked.filter((name) => !exported.has(name))).toEqual([]);
  });

  itWith('promtool', 'pass promtool check metrics', async () => {
    const { code, stdout, stderr } = await run('promtool', ['check', 'metrics'], { input: await wholeText() });
    expect([code, stdout.toString(), stderr]).toEqual([0, '', '']);
  });
});

describe('the alerts', () => {
  it('are each tested to fire and to stay silent', () => {
    const judged = ruleTests
      .flatMap((name) => (parse(read(name)) as RuleTests).tests)
      .flatMap(({ alert_rule_test }) => alert_rule_test);
    const named = (fires: boolean) =>
      judged.filter(({ exp_alerts }) => exp_alerts.length > 0 === fires).map(({ alertname }) => alertname);
    const alerts = rules.map(({ alert }) => alert).sort();
    expect([named(true).sort(), named(false).sort()]).toEqual([alerts, alerts]);
  });

  itWith('promtool', 'pass promtool test rules', async () => {
    const { code, stdout, stderr } = await run('promtool', ['test', 'rules', ...ruleTests], { cwd: folder });
    expect([code, code === 0 ? '' : stdout.toString() + stderr]).toEqual([0, '']);
  });
});

/** A copy of the example with the home beside it; ports are free ones, and scrapes come quickly. */
async function checkout(): Promise<{ path: string; port: number }> {
  const { path } = temporaryFolder();
  const port = await freePort();
  cpSync(join(projectFolder, 'examples'), join(path, 'examples'), { recursive: true });
  symlinkSync(service.home, join(path, 'data'));
  for (const name of ['README.md', 'prometheus.yml']) {
    const file = join(path, 'examples/prometheus', name);
    const changed = readFileSync(file, 'utf8')
      .replaceAll('9443', String(service.ports.admin))
      .replaceAll('9090', String(port))
      .replaceAll('15s', '1s');
    writeFileSync(file, changed);
  }
  return { path, port };
}

describe('Prometheus', () => {
  let started: ChildProcess | undefined;
  afterAll(async () => {
    if (!started) return;
    started.kill('SIGKILL');
    await once(started, 'exit');
  });

  itWith(
    ['prometheus', 'promtool', 'curl'],
    'scrapes with a client certificate, by the page as it stands',
    async () => {
      const { path } = await checkout();
      const script = readmeScript(readFileSync(join(path, 'examples/prometheus/README.md'), 'utf8'));
      const env = { PRIVYSEAL_ADMIN_PORT: String(service.ports.admin) };
      const { code, stdout, stderr } = await run('/bin/sh', ['-c', script], { cwd: path, env, timeoutMs: 110_000 });
      expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
      expect(stdout.toString()).toMatch(/^privyseal_build_info\{version=".+",node="v.+"\} 1$/m);
      expect(stdout.toString()).toMatch(/^# EOF$/m);
      const results = stdout.toString().match(/"value":\[[\d.]+,"1"\]/g);
      expect(results).toHaveLength(2);
    },
    120_000,
  );

  itWith(
    ['prometheus', 'promtool', 'curl'],
    'understands every expression of the dashboard, and finds what it asks',
    async () => {
      const { path, port } = await checkout();
      const cwd = join(path, 'examples/prometheus');
      const [add = ''] = read('README.md').match(/^npx privyseal operator add .*$/m) ?? [];
      const script = readmeScript(`\`\`\`sh\n${add.replace('add prometheus', 'add second')}\n\`\`\``);
      const env = { PRIVYSEAL_ADMIN_PORT: String(service.ports.admin) };
      const added = await run('/bin/sh', ['-c', script], { cwd: path, env });
      expect([added.code, added.code === 0 ? '' : added.stderr]).toEqual([0, '']);
      const args = [
        '--config.file=prometheus.yml',
        '--storage.tsdb.path=tsdb',
        `--web.listen-address=127.0.0.1:${port}`,
      ];
      started = spawn(pathOf('prometheus'), args, { cwd, stdio: 'ignore' });
      const ask = async (query: string): Promise<unknown[]> => {
        const answer = await exchange(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`);
        const body = JSON.parse(answer.body.toString()) as {
          status: string;
          error?: string;
          data: { result: unknown[] };
        };
        if (body.status !== 'success') throw new Error(`${query}: ${body.error}`);
        return body.data.result;
      };
      await expect.poll(() => ask('count_over_time(up[1m]) > 2').catch(() => []), { timeout: 30_000 }).toHaveLength(1);
      const asked = panelExpressions.map((expr) =>
        expr.replaceAll('$__rate_interval', '1m').replaceAll('"$instance"', '".*"'),
      );
      const answers = await Promise.all(asked.map(ask));
      const empty = asked.filter((expr, index) => answers[index]!.length === 0 && !expr.includes('> 0'));
      expect(empty).toEqual([]);
    },
  );
});
