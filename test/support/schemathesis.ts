/** Runs schemathesis, which makes up requests from an OpenAPI document and judges the answers, against one face of a service. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './judges.ts';
import { projectFolder } from './running-service.ts';

export interface JudgedFace {
  readonly document: 'public' | 'admin' | 'distribution';
  readonly url: string;
  /** Path of what vouches for the face's own certificate. */
  readonly ca?: string;
  /** Paths of the client certificate and its key. */
  readonly client?: { readonly certificate: string; readonly key: string };
  readonly token?: string;
  /** Values worth trying beside made-up ones, by where they go: `path.serial`, `body.csr`. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
  /** Path parameters that would hurt the judge itself, and what to put in their place. */
  readonly standIns?: Readonly<Record<string, string>>;
}

export interface Judgement {
  readonly passed: boolean;
  /** Operations that were asked, of those that the document has. */
  readonly tested: number;
  readonly operations: number;
  /** What a person reads when it did not pass. */
  readonly report: string;
}

/** The same requests each time, as many as CI has time for; other seeds, and more, are for a run by hand. */
const seed = process.env.PRIVYSEAL_TEST_SCHEMATHESIS_SEED ?? '5280';
const examples = process.env.PRIVYSEAL_TEST_SCHEMATHESIS_EXAMPLES ?? '5';

/** For machines with much else to do: by itself, a run takes a minute at most. */
export const judgeTimeoutMs = 10 * 60_000;

export async function judgeFace(face: JudgedFace): Promise<Judgement> {
  const folder = mkdtempSync(join(tmpdir(), 'privyseal-schemathesis-'));
  try {
    const configuration = join(folder, 'schemathesis.toml');
    writeFileSync(configuration, settings(face));
    const ran = await run('schemathesis', [...['--config-file', configuration], 'run', ...argumentsOf(face)], {
      cwd: folder,
      // Bundles of the surroundings would win over --tls-verify.
      env: {
        PRIVYSEAL_TEST_STAND_INS: JSON.stringify(face.standIns ?? {}),
        PRIVYSEAL_TEST_AUTHENTICATED_BY_TLS: String(face.client !== undefined),
        ...{ REQUESTS_CA_BUNDLE: undefined, CURL_CA_BUNDLE: undefined },
      },
      timeoutMs: judgeTimeoutMs,
    });
    const report = ran.stdout.toString() + ran.stderr;
    const [, operations = '0'] = /Selected: \d+\/(\d+)/.exec(report) ?? [];
    const [, tested = '0'] = /Tested: (\d+)/.exec(report) ?? [];
    return { passed: ran.code === 0, tested: Number(tested), operations: Number(operations), report };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const argumentsOf = ({ document, url, ca, client, token }: JudgedFace): string[] => [
  join(projectFolder, 'openapi', `${document}.yaml`),
  ...['--url', url, '--seed', seed, '--max-examples', examples, '--no-color', '--continue-on-failure'],
  ...['--checks', 'all', '--generation-database', 'none'],
  ...(ca === undefined ? [] : ['--tls-verify', ca]),
  ...(client === undefined ? [] : ['--request-cert', client.certificate, '--request-cert-key', client.key]),
  ...(token === undefined ? [] : ['--header', `Authorization: Bearer ${token}`]),
];

/** All checks are on. A body or header too large is refused before anybody looks whether it fits its schema: 413, 431. */
function settings({ values = {} }: JudgedFace): string {
  const refusals = [400, 401, 403, 404, 405, 406, 409, 413, 415, 429, 431, '5xx'].map(String);
  const names = Object.keys(values);
  const lines = [
    `hooks = ${text(join(import.meta.dirname, 'schemathesis_hooks.py'))}`,
    // Made-up tokens would be all that is tried; the check ignored_auth tries enough of them.
    '[generation]',
    'with-security-parameters = false',
    '[cache]',
    'enabled = false',
    '[checks.negative_data_rejection]',
    `expected-statuses = [${refusals.map(text).join(', ')}]`,
    '[parameters]',
    ...names.map((name) => `${text(name)} = { dictionary = ${text(dictionary(name))}, probability = 0.6 }`),
    ...names.flatMap((name) => [
      `[dictionaries.${dictionary(name)}]`,
      `values = [${values[name]!.map(text).join(', ')}]`,
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

/** A basic string of TOML is written as one of JSON. */
const text = (value: string): string => JSON.stringify(value);
const dictionary = (name: string): string => name.replace(/[^a-z0-9]+/gi, '-').replace(/-$/, '');
