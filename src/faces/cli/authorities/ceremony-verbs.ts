/** The verbs of `privyseal ceremony`: an offline root on a machine without network. The program brings the acts. */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type RevocationReason, revocationReasons } from '../../../domain/policy/revocation-reason.ts';
import { attributeTypes } from '../../../domain/x509/attribute-type.ts';
import { type KeyType, keyTypes } from '../../../domain/x509/key-type.ts';
import { decodeName, encodeName } from '../../../domain/x509/name.ts';
import { checkSubject } from '../../../domain/x509/subject-rules.ts';
import { collect, lengthOption, readSerial } from '../arguments.ts';
import type { GlobalOptions } from '../session.ts';
import type { CliIo } from '../terminal/io.ts';
import { openConsole } from '../terminal/secret-console.ts';
import type { CeremonyActs, HeldCeremony, RootOptions, SignOptions } from './ceremony.ts';

export interface CeremonyDeps {
  readonly ceremony: CeremonyActs;
}

interface ActOptions {
  readonly present: readonly string[];
  readonly passphraseFile?: string;
  readonly out?: string;
  readonly yes?: boolean;
}

function readPathLength(text: string): number {
  if (/^\d$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A path length is a number from 0 to 9.');
}

/** Refused before anybody is asked for a passphrase. */
const readSubjectText =
  (type: 'commonName' | 'organizationName') =>
  (text: string): string => {
    const [reason] = checkSubject(decodeName(encodeName([{ type, value: text }])));
    if (!reason) return text;
    throw new InvalidArgumentError(
      `${reason.message} It is 1 to ${attributeTypes[type].maxLength} characters that can be printed.`,
    );
  };

/** RFC 5280 §8: a list behind HTTPS could need itself to be fetched. */
function readHttpUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' && url.username === '' && /^[\x21-\x7e]{1,500}$/.test(text)) return text;
  throw new InvalidArgumentError('It is an address that begins with http://, as http://ca.example.org/crl/root.crl.');
}

const example = (line: string): string => `\nExample:\n  $ privyseal --home ./root ceremony ${line}`;

export function addCeremonyVerbs(program: Command, io: CliIo, deps: CeremonyDeps): void {
  const ceremony = program
    .command('ceremony')
    .description('an offline root, on a machine without network: docs/ceremony.md');
  const run = running(program, io, deps);
  addRootVerb(ceremony, run);
  addSignVerb(ceremony, run);
  addCrlVerb(ceremony, run);
  ceremony
    .command('record')
    .description('what was done, as text to print and sign on paper')
    .option('--out <file>', 'new file; without it standard output')
    .addHelpText('after', example('record --out record.txt'))
    .action((options: { out?: string }) =>
      run({ present: [], ...options }, async (held) => (await import('./ceremony.ts')).record(held)),
    );
}

type Run = (options: ActOptions, verb: (held: HeldCeremony) => Promise<void>) => Promise<void>;

function running(program: Command, io: CliIo, { ceremony: acts }: CeremonyDeps): Run {
  return async ({ present, passphraseFile, out, yes = false }, verb) => {
    const { home = io.env.PRIVYSEAL_HOME || 'ceremony', json = false } = program.opts<GlobalOptions>();
    const path = (text: string): string => resolve(io.cwd, text);
    const console = openConsole(io);
    const around = { console, present, ...(passphraseFile !== undefined && { passphraseFile: path(passphraseFile) }) };
    try {
      await verb({
        io,
        json,
        home: path(home),
        path,
        out: out === undefined ? undefined : path(out),
        yes,
        acts,
        around,
      });
    } finally {
      console.close();
    }
  };
}

/** What every act of a ceremony takes. */
const withActOptions = (verb: Command): Command =>
  verb
    .requiredOption('--present <person>', 'who is present, for the record; once for each', collect)
    .option('--passphrase-file <file>', 'holds the passphrase of the vault; without it the console asks')
    .option('--out <file>', 'new file of the result; without it standard output')
    .option('--yes', 'do not ask');

function addRootVerb(ceremony: Command, run: Run): void {
  withActOptions(
    ceremony
      .command('root')
      .description('make a root, in a home of its own')
      .argument('<common-name>', 'its name in certificates', readSubjectText('commonName')),
  )
    .option('--organization <name>', 'organizationName in its subject', readSubjectText('organizationName'))
    .addOption(
      new Option('--key-type <type>', 'kind of key to make').choices(keyTypes).default('ec-p384' satisfies KeyType),
    )
    .addOption(lengthOption('--lifetime <length>', 'of its certificate', '7300d'))
    .option('--path-len <count>', 'levels of authorities below it', readPathLength, 1)
    .addHelpText(
      'after',
      example("root 'Example Root 2026' --present 'A. Turing' --present 'G. Hopper' --out root.pem"),
    )
    .action((commonName: string, options: ActOptions & RootOptions) =>
      run(options, async (held) => (await import('./ceremony.ts')).root(held, commonName, options)),
    );
}

function addSignVerb(ceremony: Command, run: Run): void {
  withActOptions(
    ceremony
      .command('sign')
      .description('sign the CSR of an issuing authority; gives its chain, the root last')
      .argument('<csr>', 'file, PEM or DER, as `authority create NAME --csr` gives it'),
  )
    .addOption(lengthOption('--lifetime <length>', 'of the certificate', '1825d'))
    .option('--path-len <count>', 'levels of authorities below it', readPathLength, 0)
    .option('--crl-url <url>', 'where the list of this root will be served', readHttpUrl)
    .option('--issuer-url <url>', 'where the certificate of this root will be served', readHttpUrl)
    .addHelpText('after', example("sign prod-issuing.csr --present 'A. Turing' --present 'G. Hopper' --out chain.pem"))
    .action((file: string, options: ActOptions & SignOptions) =>
      run(options, async (held) => (await import('./ceremony.ts')).sign(held, file, options)),
    );
}

function addCrlVerb(ceremony: Command, run: Run): void {
  withActOptions(ceremony.command('crl').description('sign a list of what this root has revoked, empty or not'))
    .option(
      '--revoke <serial>',
      'of a certificate that this root signed; once for each',
      (text: string, before?: readonly string[]) => collect(readSerial(text), before),
    )
    .addOption(
      new Option('--reason <reason>', 'why (RFC 5280)')
        .choices(Object.keys(revocationReasons) as RevocationReason[])
        .default('cACompromise' satisfies RevocationReason),
    )
    .addOption(lengthOption('--lifetime <length>', 'until the next list must be there', '180d'))
    .addHelpText('after', example("crl --present 'A. Turing' --present 'G. Hopper' --out root.crl"))
    .action((options: ActOptions & { revoke?: readonly string[]; reason: RevocationReason; lifetime: number }) =>
      run(options, async (held) => (await import('./ceremony.ts')).crl(held, options)),
    );
}
