/** The verbs of `privyseal authority`; each one's code is loaded when it is called. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { keyTypes } from '../../../domain/x509/key-type.ts';
import type { WithSession } from '../session.ts';
import type { CreateOptions, ShowOptions } from './authority.ts';
import type { ImportOptions } from './authority-import.ts';
import { addRotationVerbs } from './rotation-verbs.ts';

interface VerbDeps {
  readonly withSession: WithSession;
}

/** Adds the noun, and gives it to those who have verbs of their own for it. */
export function addAuthorityVerbs(program: Command, deps: VerbDeps): Command {
  const authority = program.command('authority').description('authorities: who signs, and with which key');
  addLookingVerbs(program, authority, deps);
  addCreateVerb(program, authority, deps);
  addImportVerbs(program, authority, deps);
  addRotationVerbs(program, authority, deps);
  return authority;
}

function addLookingVerbs(program: Command, authority: Command, { withSession }: VerbDeps): void {
  authority
    .command('list')
    .description('all authorities, with the fingerprints of their certificates')
    .addHelpText('after', '\nExample:\n  $ privyseal authority list')
    .action(() =>
      withSession(program.opts(), async (session) => (await import('./authority.ts')).listAuthorities(session)),
    );
  authority
    .command('show')
    .description('one authority: its key, its vault, and its certificate')
    .argument('<name>', 'like dev-issuing')
    .option('--pem', 'with the certificate itself')
    .option('--csr', 'its CSR alone, for whoever signs it elsewhere')
    .addHelpText('after', '\nExample:\n  $ privyseal authority show dev-issuing --pem')
    .action((name: string, options: ShowOptions) =>
      withSession(program.opts(), async (session) =>
        (await import('./authority.ts')).showAuthority(session, name, options),
      ),
    );
}

function addCreateVerb(program: Command, authority: Command, { withSession }: VerbDeps): void {
  authority
    .command('create')
    .description('make the key and the CSR of an issuing authority whose certificate is signed elsewhere')
    .argument('<name>', 'lower-case letters, digits and -')
    .requiredOption('--environment <name>', 'whose certificates it signs')
    .requiredOption('--csr', 'print its CSR, for whoever signs it')
    .option('--vault <name>', 'where its key is (default: as the settings say)')
    .option('--vault-key <name>', 'a key that the vault has already, instead of a new one')
    .addOption(new Option('--key-type <type>', 'kind of key to make (default: as the settings say)').choices(keyTypes))
    .option('--common-name <text>', 'CN of the subject to ask for')
    .addHelpText(
      'after',
      '\nExample:\n  $ privyseal authority create corp-issuing --environment corp --csr > corp-issuing.csr',
    )
    .action((name: string, options: CreateOptions) =>
      withSession(program.opts(), async (session) =>
        (await import('./authority.ts')).createAuthority(session, name, options),
      ),
    );
}

function readFingerprint(text: string): string {
  const digits = text.replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw new InvalidArgumentError('A fingerprint is the SHA-256 of the certificate: 64 hexadecimal digits.');
}

function addImportVerbs(program: Command, authority: Command, { withSession }: VerbDeps): void {
  authority
    .command('import')
    .description('put the certificate that was signed elsewhere in force, once all of its chain is found good')
    .argument('<name>', 'as `authority create` named it')
    .argument('<file>', 'PEM: the certificate for the CSR, then each issuer')
    .option('--root <file>', 'the root, if it is not in the chain')
    .option('--root-sha256 <digits>', 'fingerprint of the root, as its owner says it', readFingerprint)
    .addHelpText('after', '\nExample:\n  $ privyseal authority import corp-issuing chain.pem --root corp-root.pem')
    .action((name: string, file: string, options: ImportOptions) =>
      withSession(program.opts(), async (session) =>
        (await import('./authority-import.ts')).importAuthority(session, name, file, options),
      ),
    );
  authority
    .command('import-crl')
    .description('serve the list of an authority whose key is elsewhere, once it is found good')
    .argument('<name>', 'as `authority list` shows it, like corp-external-root')
    .argument('<file>', 'PEM: its newest list')
    .addHelpText('after', '\nExample:\n  $ privyseal authority import-crl corp-external-root root.crl.pem')
    .action((name: string, file: string) =>
      withSession(program.opts(), async (session) =>
        (await import('./authority-import.ts')).importCrl(session, name, file),
      ),
    );
}
