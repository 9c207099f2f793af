/** The verbs of products, profiles and enrolment tokens; each one's code is loaded when it is called. */
import { type Command, Option } from 'commander';
import { collect, lengthOption, readOwnedId, readTokenId, readUses, readVersion } from '../arguments.ts';
import type { WithSession } from '../session.ts';
import type { ProductChanges, ProductOptions } from './product.ts';
import type { TokenOptions } from './token.ts';

interface VerbDeps {
  /** Runs a verb that talks to the service. */
  readonly withSession: WithSession;
}

/** Adds `product`, `profile` and `token` to the tree. */
export function addRegistryVerbs(program: Command, deps: VerbDeps): void {
  addProductVerbs(program, deps);
  addProfileVerbs(program, deps);
  addTokenVerbs(program, deps);
}

const nameHelp = 'a name it may hold: a.dev, .a.dev (below), *.a.dev (both ways), 10.0.0.0/8, spiffe://dev/a, @a.dev';

const alertsOption = new Option('--alerts <which>', 'which alerts speak of it (default: all)').choices([
  'all',
  'critical',
  'none',
]);

/** Replaces a whole list, which nobody can mean together with adding to it. */
const insteadOption = (flags: string, what: string, not: string[]): Option =>
  new Option(flags, `these ${what} instead of all there are; may be repeated`).argParser(collect).conflicts(not);

function addProductVerbs(program: Command, { withSession }: VerbDeps): void {
  const product = program.command('product').description('products, each with the names and profiles it may have');
  product
    .command('add')
    .description('add a product')
    .argument('<id>', 'environment and name, like dev/product-a', readOwnedId)
    .requiredOption('--name <rule>', `${nameHelp}; may be repeated`, collect)
    .option('--profile <name>', 'a profile it may use, the usual one first; may be repeated (default: all)', collect)
    .option('--contact <address>', 'e-mail or https address of its people; may be repeated', collect)
    .addOption(alertsOption)
    .addHelpText(
      'after',
      "\nExample:\n  $ privyseal product add dev/product-a --name dev.product-a.dev --name '*.product-a.dev' --contact team-a@example.org",
    )
    .action((id: string, options: ProductOptions) =>
      withSession(program.opts(), async (session) => (await import('./product.ts')).addProduct(session, id, options)),
    );
  product
    .command('update')
    .description('change a product: a new version; what is not given stays')
    .argument('<id>', 'like dev/product-a', readOwnedId)
    .option('--add-name <rule>', 'this name, too; may be repeated', collect)
    .option('--remove-name <rule>', 'no longer this name; may be repeated', collect)
    .option('--add-profile <name>', 'this profile, too; may be repeated', collect)
    .addOption(insteadOption('--name <rule>', 'names', ['addName', 'removeName']))
    .addOption(insteadOption('--profile <name>', 'profiles', ['addProfile']))
    .addOption(insteadOption('--contact <address>', 'contacts', []))
    .addOption(alertsOption)
    .addHelpText(
      'after',
      '\nExample:\n  $ privyseal product update dev/product-a --add-name api.product-a.dev\n  $ privyseal product update dev/product-a --profile server --profile client',
    )
    .action((id: string, options: ProductChanges) =>
      withSession(program.opts(), async (session) =>
        (await import('./product.ts')).updateProduct(session, id, options),
      ),
    );
  product
    .command('list')
    .description('all products')
    .option('--environment <name>', 'only of this environment')
    .addHelpText('after', '\nExample:\n  $ privyseal product list --environment dev')
    .action((options: { environment?: string }) =>
      withSession(program.opts(), async (session) => (await import('./product.ts')).listProducts(session, options)),
    );
  product
    .command('show')
    .description('one product, as it is or in an earlier version')
    .argument('<id>', 'like dev/product-a', readOwnedId)
    .option('--at <version>', 'as it was at this version', readVersion)
    .addHelpText('after', '\nExample:\n  $ privyseal product show dev/product-a --at 1')
    .action((id: string, options: { at?: number }) =>
      withSession(program.opts(), async (session) =>
        (await import('./product.ts')).showProduct(session, id, options.at),
      ),
    );
  product
    .command('remove')
    .description('remove a product that has no good certificates, and its tokens')
    .argument('<id>', 'like dev/product-a', readOwnedId)
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ privyseal product remove dev/product-a --yes')
    .action((id: string, options: { yes?: boolean }) =>
      withSession(program.opts(), async (session) =>
        (await import('./product.ts')).removeProduct(session, id, options),
      ),
    );
}

function addProfileVerbs(program: Command, { withSession }: VerbDeps): void {
  const profile = program.command('profile').description('profiles, the recipes by which certificates are issued');
  const fileOption = ['-f, --file <file>', 'the profile as YAML or JSON, with its environment and name'] as const;
  profile
    .command('add')
    .description('add a profile to an environment')
    .requiredOption(...fileOption)
    .addHelpText('after', '\nExample:\n  $ privyseal profile add -f kafka.yaml')
    .action(({ file }: { file: string }) =>
      withSession(program.opts(), async (session) => (await import('./profile.ts')).addProfile(session, file)),
    );
  profile
    .command('update')
    .description('change a profile: a new version, by which the next request is judged')
    .requiredOption(...fileOption)
    .addHelpText(
      'after',
      '\nExample:\n  $ privyseal profile show dev/kafka > kafka.yaml\n  $ privyseal profile update -f kafka.yaml\n\nA `version` in the file is the one it was made from: if the profile has changed since, nothing is done.',
    )
    .action(({ file }: { file: string }) =>
      withSession(program.opts(), async (session) => (await import('./profile.ts')).updateProfile(session, file)),
    );
  profile
    .command('list')
    .description('all profiles')
    .option('--environment <name>', 'only of this environment')
    .addHelpText('after', '\nExample:\n  $ privyseal profile list --environment dev')
    .action((options: { environment?: string }) =>
      withSession(program.opts(), async (session) => (await import('./profile.ts')).listProfiles(session, options)),
    );
  profile
    .command('show')
    .description('one profile as YAML, as it is or in an earlier version')
    .argument('<id>', 'environment and name, like dev/server', readOwnedId)
    .option('--at <version>', 'as it was at this version', readVersion)
    .addHelpText('after', '\nExample:\n  $ privyseal profile show dev/server')
    .action((id: string, options: { at?: number }) =>
      withSession(program.opts(), async (session) =>
        (await import('./profile.ts')).showProfile(session, id, options.at),
      ),
    );
}

function addTokenVerbs(program: Command, { withSession }: VerbDeps): void {
  const token = program.command('token').description('enrolment tokens, by which products get their first certificate');
  token
    .command('add')
    .description('make a token for a product; it is shown only once')
    .argument('<product>', 'like dev/product-a', readOwnedId)
    .option('--uses <count>', 'good for so many certificates, or `unlimited`', readUses, 1)
    .addOption(lengthOption('--expires <length>', 'good for so long, like 15m, 24h or 30d', '24h'))
    .option('--profile <name>', 'only for this profile; may be repeated (default: all of the product)', collect)
    .option('--out <file>', 'write the token there (0600) instead of showing it')
    .addHelpText(
      'after',
      '\nExample:\n  $ privyseal token add dev/product-a --uses 10 --expires 24h --out product-a.token',
    )
    .action((product: string, options: TokenOptions) =>
      withSession(program.opts(), async (session) => (await import('./token.ts')).addToken(session, product, options)),
    );
  token
    .command('list')
    .description('all tokens, without their secrets')
    .option('--product <id>', 'only of this product', readOwnedId)
    .addHelpText('after', '\nExample:\n  $ privyseal token list --product dev/product-a')
    .action((options: { product?: string }) =>
      withSession(program.opts(), async (session) => (await import('./token.ts')).listTokens(session, options)),
    );
  token
    .command('remove')
    .description('remove a token: it is good for nothing any more')
    .argument('<id>', 'as `token list` shows it', readTokenId)
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ privyseal token remove 0123456789abcdef --yes')
    .action((id: string, options: { yes?: boolean }) =>
      withSession(program.opts(), async (session) => (await import('./token.ts')).removeToken(session, id, options)),
    );
}
