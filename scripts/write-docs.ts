/** Writes docs/configuration.md and docs/problems.md from the tables of the code, or with --check says which is not what they give. */
import { readFile, writeFile } from 'node:fs/promises';
import { allowed } from '../src/api/allowed.ts';
import { otherVariables, rulesOf, variableOf } from '../src/config.ts';
import type { CaErrorCode } from '../src/domain/errors.ts';
import { preRequestProblems } from '../src/faces/http/problems/answer-parser-errors.ts';
import { problemKinds } from '../src/faces/http/problems/problem.ts';
import { problemAdvice } from '../src/faces/http/problems/problem-advice.ts';
import type { Rules } from '../src/setting-rules.ts';
import { vaultRules } from '../src/vault-settings.ts';

/** Pages by path, as the tables give them now. */
export const generatedPages = (): Map<string, string> =>
  new Map([
    ['docs/configuration.md', configurationPage()],
    ['docs/problems.md', problemsPage()],
  ]);

function configurationPage(): string {
  return `# Configuration

Settings of the service are read from \`privyseal.yaml\` in the folder it is started from (or the file that \`PRIVYSEAL_CONFIG\` names), then from the
variables below, which win; \`--home\` wins over both. A setting that is unknown or wrong stops the start with the key, the value and what is allowed.
A variable that is set to nothing counts as not set; those of the passphrase stop the start then, for the keys would be protected by another one than was meant. What settings mean for those who run the service is told in docs/operating.md.

\`\`\`yaml
# privyseal.yaml
home: /var/lib/privyseal
distributionUrl: http://pki.example.org
serverNames: [ca.example.org]
\`\`\`

${table(['setting', 'variable', 'default', 'unit', 'allowed', 'meaning'], Object.entries(rulesOf).map(settingRow))}

Lists are written in a variable with commas: \`PRIVYSEAL_SERVER_NAMES=ca.example.org,10.0.0.5\`.

${vaultsSection()}

## Variables that are no settings

${table(
  ['variable', 'for'],
  Object.entries(otherVariables).map(([name, what]) => [code(name), what]),
)}

${generatedFrom('`src/config.ts`')}
`;
}

/** One table for each kind of vault; what every one of its ways needs is said by the start, name by name. */
function vaultsSection(): string {
  const tables = Object.entries(vaultRules).map(
    ([kind, rules]) => `### ${code(`kind: ${kind}`)}

${table(['key', 'default', 'unit', 'allowed', 'meaning'], Object.entries(rules).map(vaultRow))}`,
  );
  return `## Vaults

The vault \`file\` is always there. Each further one is an entry of \`vaults\`; docs/keys.md walks through them.

\`\`\`yaml
vault: bao
vaults:
  - name: bao
    kind: openbao
    address: https://bao.example.org:8200
    caFile: /etc/privyseal/bao-ca.pem
    tokenFile: /etc/privyseal/bao-token
  - name: hsm
    kind: pkcs11
    module: /usr/lib/softhsm/libsofthsm2.so
    tokenLabel: privyseal
    pinFile: /etc/privyseal/hsm-pin
\`\`\`

${tables.join('\n\n')}`;
}

function vaultRow([key, rules]: [string, Rules]): string[] {
  const [name, , ...rest] = settingRow([key, rules]);
  return [name!, ...rest];
}

function settingRow([key, rules]: [string, Rules]): string[] {
  const { default: fallback = [], unit = '', description = '' } = rules;
  const isNone = Array.isArray(fallback) && fallback.length === 0;
  const shown = isNone ? 'none' : code([fallback].flat().join(', '));
  return [code(key), code(variableOf(key)), shown, unit, allowedIn(rules), description];
}

/** A pattern and names of values stand as code; a text may be any. */
function allowedIn(rules: Rules): string {
  if (rules.enum) return rules.enum.map(code).join(', ');
  if (rules.pattern !== undefined) return code(rules.pattern);
  return rules.type === 'string' ? 'any text' : allowed(rules);
}

function problemsPage(): string {
  const codes = Object.keys(problemKinds) as CaErrorCode[];
  const rows = codes.toSorted((a, b) => problemKinds[a].status - problemKinds[b].status).map(problemRow);
  const before = preRequestProblems.map(({ status, title }) => `${status} (${title})`).join(', ');
  return `# Problems

Every error of the REST faces is an \`application/problem+json\` document (RFC 9457). Its \`type\` is \`https://privyseal.dev/problems/\` and one of these codes; \`reasons\`
names each single thing that is wrong, with a code of its own (docs/policy.md lists them), the field, and the offending value made safe to print. \`instance\` is
in the log, too. Which problems a route may answer, the OpenAPI documents say (\`openapi/\`, or \`/docs\` on the running service).

${table(['code', 'status', 'title', 'what to do'], rows)}

What never became a request (malformed HTTP, a header of more than 16 KiB, a peer that is too slow) is answered with the type \`about:blank\` and ${before}.

${generatedFrom('`src/faces/http/problems/problem.ts` and `problem-advice.ts`')}
`;
}

const problemRow = (name: CaErrorCode): string[] => [
  code(name),
  String(problemKinds[name].status),
  problemKinds[name].title,
  problemAdvice[name],
];

const generatedFrom = (sources: string): string => `This page is generated from ${sources}: \`npm run docs\`.`;

const code = (text: string): string => `\`${text}\``;

/** A bar in a cell would end it, even in code. */
const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
  [tableLine(titles), `|${'---|'.repeat(titles.length)}`, ...rows.map(tableLine)].join('\n');

const tableLine = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`.replaceAll('|  |', '| |');

const fileUrl = (name: string): URL => new URL(`../${name}`, import.meta.url);

if (import.meta.main) {
  const check = process.argv.includes('--check');
  for (const [name, text] of generatedPages()) {
    if (!check) await writeFile(fileUrl(name), text);
    else if ((await readFile(fileUrl(name), 'utf8').catch(() => '')) !== text) {
      process.stderr.write(`${name} is not what the tables give: run npm run docs\n`);
      process.exitCode = 1;
    }
  }
}
