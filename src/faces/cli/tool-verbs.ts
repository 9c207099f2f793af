/** Verbs that work on what is here, without the service: stores for Java, and a look at somebody's handshake. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { collect, readPause, readTarget, type Target } from './arguments.ts';
import type { HandshakeOptions } from './handshake/handshake.ts';
import type { KeystoreOptions } from './keystore.ts';
import type { WithSession } from './session.ts';

function readServerName(text: string): string {
  if (/^[^\s/]{1,253}$/.test(text)) return text;
  throw new InvalidArgumentError('A name of a server is like www.example.org.');
}

/** Java shows a key without a name, and no program can be told to take it. */
function readAlias(text: string): string {
  if (/^\P{Cc}{1,64}$/u.test(text)) return text;
  throw new InvalidArgumentError('An alias has 1 to 64 characters.');
}

export function addToolVerbs(program: Command, { withSession }: { readonly withSession: WithSession }): void {
  program
    .command('keystore')
    .description('turn what `request` wrote into a PKCS#12 keystore and truststore for Java, Kafka and Spring Boot')
    .argument('<dir>', 'folder with key.pem, cert.pem, chain.pem and trust.pem')
    .option('--out <dir>', 'folder of the stores (default: the same)')
    .option('--alias <name>', 'name of the key in its store', readAlias, 'privyseal')
    .option('--password-file <file>', 'password of both stores (default: a new one, in store-password)')
    .addHelpText(
      'after',
      '\nExample:\n  $ privyseal request kafka-1.dev.internal\n  $ privyseal keystore kafka-1.dev.internal',
    )
    .action((folder: string, options: KeystoreOptions) =>
      withSession(program.opts(), async (session) =>
        (await import('./keystore.ts')).keystore(session, folder, options),
      ),
    );
  program
    .command('handshake')
    .description('do one TLS handshake and draw what really happened: who showed what, and who believed it')
    .argument('<host:port>', 'where a server listens', readTarget)
    .option('--servername <name>', 'name asked for by SNI and checked (default: the host)', readServerName)
    .addOption(new Option('--max-tls <version>', 'at most this version').choices(['1.2', '1.3']).default('1.3'))
    .option('--timeout <length>', 'how long the server may take (default: 10s)', readPause)
    .option('--http', 'ask for / afterwards: nginx refuses a client only there')
    .addOption(
      new Option('--starttls <protocol>', 'ask for TLS in plain first')
        .choices(['smtp', 'imap', 'postgres'])
        .conflicts('http'),
    )
    .option('--crl <file>', 'a CRL, PEM or DER, that says who is revoked; may be repeated', collect)
    .option('--revocation', 'ask about revocation where the certificates say: OCSP, or else the CRL, over HTTP')
    .addOption(new Option('--svg', 'draw a picture, to standard output').conflicts('mermaid'))
    .addOption(new Option('--mermaid', 'draw it as Mermaid text').conflicts('svg'))
    .addHelpText(
      'after',
      '\nWith --cert and --key the client certificate is shown to a server that asks for one; --ca is what to trust.' +
        '\n\nExample:\n  $ privyseal handshake localhost:8443 --ca data/trust/system.pem',
    )
    .action((target: Target, options: HandshakeOptions) =>
      withSession(program.opts(), async (session) =>
        (await import('./handshake/handshake.ts')).handshake(session, target, { ...program.opts(), ...options }),
      ),
    );
}
