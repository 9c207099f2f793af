/** `privyseal keystore`: the PEM files that `request` wrote, as PKCS#12 stores for Java. */
import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { type KeyWithChain, keyStoreOf, trustStoreOf } from '../../client/java-stores.ts';
import { decodePemAll } from '../../domain/der/pem.ts';
import { isStorePassword } from '../../domain/keystore/pkcs12.ts';
import { openCertificate } from '../../domain/x509/open-certificate.ts';
import { CliError } from './cli-error.ts';
import type { Ending } from './exit-codes.ts';
import { isMissing, readNamedText } from './named-file.ts';
import { stageFileSet } from './requests/file-set.ts';
import type { Session } from './session.ts';
import { layoutFields } from './terminal/fields.ts';
import { quoted } from './terminal/quoted.ts';

export interface KeystoreOptions {
  readonly out?: string;
  readonly alias: string;
  readonly passwordFile?: string;
}

const passwordName = 'store-password';

export async function keystore(session: Session, folder: string, options: KeystoreOptions): Promise<Ending> {
  const source = session.path(folder);
  const target = options.out === undefined ? source : session.path(options.out);
  const given = options.passwordFile === undefined ? undefined : session.path(options.passwordFile);
  const content = await readContent(source);
  const password = given === undefined ? randomBytes(24).toString('base64url') : await readPassword(given);
  const names = ['keystore.p12', 'truststore.p12', ...(given === undefined ? [passwordName] : [])];
  const files = await stageFileSet(target, names);
  try {
    await files.write('keystore.p12', keyStoreOf(content, options.alias, password), 0o600);
    await files.write('truststore.p12', trustStoreOf(content.rootsDer, password), 0o644);
    // Without a newline: Kafka and Java take the whole file for the password.
    if (given === undefined) await files.write(passwordName, password, 0o600);
    await files.commit();
  } finally {
    await files.discard();
  }
  report(session, target, given ?? join(target, passwordName), options.alias);
  return 'ok';
}

interface StoreContent extends KeyWithChain {
  readonly rootsDer: readonly Uint8Array[];
}

async function readContent(folder: string): Promise<StoreContent> {
  const file = (name: string): string => join(folder, name);
  const key = await readKey(file('key.pem'));
  const [certificate] = await readCertificates(file('cert.pem'));
  // A root that signs directly leaves no chain.
  const issuers = await readCertificates(file('chain.pem')).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const rootsDer = await readCertificates(file('trust.pem'));
  if (!openCertificate(certificate!).checkPrivateKey(key)) {
    throw new CliError('fileUnreadable', `${file('key.pem')} is not the key of ${file('cert.pem')}.`);
  }
  return { key, chainDer: [certificate!, ...issuers], rootsDer };
}

const advice = 'Name the folder that `request` wrote.';

async function readKey(file: string): Promise<KeyObject> {
  const pem = await readNamedText({ file, what: 'the private key', advice });
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new CliError('fileUnreadable', `${file} is not an unencrypted private key in PEM.`, error);
  }
}

async function readCertificates(file: string): Promise<Uint8Array[]> {
  const pem = await readNamedText({ file, what: 'certificates', advice });
  try {
    const ders = decodePemAll(pem, 'CERTIFICATE');
    // Java would refuse the whole store for one that is none.
    for (const der of ders) openCertificate(der);
    return ders;
  } catch (error) {
    throw new CliError('fileUnreadable', `${file} does not hold certificates in PEM.`, error);
  }
}

async function readPassword(file: string): Promise<string> {
  const named = { file, what: 'the password of the stores', advice: 'Name another file with --password-file.' };
  const password = (await readNamedText(named)).replace(/\r?\n$/, '');
  if (isStorePassword(password)) return password;
  throw new CliError('usage', `${file} does not hold a store password: 6 to 128 printable ASCII characters, one line.`);
}

function report(session: Session, folder: string, passwordFile: string, alias: string): void {
  const [keyStore, trustStore] = [join(folder, 'keystore.p12'), join(folder, 'truststore.p12')];
  if (session.json) session.printJson({ keystore: keyStore, truststore: trustStore, passwordFile, alias });
  else {
    const [secrets, secret] = [dirname(passwordFile), basename(passwordFile)];
    session.print([
      ...layoutFields([
        ['Keystore', keyStore],
        ['Truststore', trustStore],
        ['Password', `in ${passwordFile}`],
        ['Alias', alias],
      ]),
      '',
      'Look at them',
      `  keytool -list -keystore ${quoted(keyStore)} -storepass:file ${quoted(passwordFile)}`,
      'Serve with Spring Boot, which reads the password from its file',
      `  spring.config.import=configtree:${secrets}/`,
      `  server.ssl.key-store=file:${keyStore}`,
      `  server.ssl.key-store-password=\${${secret}}`,
      `  server.ssl.trust-store=file:${trustStore}`,
      `  server.ssl.trust-store-password=\${${secret}}`,
      '  server.ssl.client-auth=need',
      'Serve with Kafka, which does so, too',
      '  config.providers=dir',
      '  config.providers.dir.class=org.apache.kafka.common.config.provider.DirectoryConfigProvider',
      '  ssl.keystore.type=PKCS12',
      `  ssl.keystore.location=${keyStore}`,
      `  ssl.keystore.password=\${dir:${secrets}:${secret}}`,
      '  ssl.truststore.type=PKCS12',
      `  ssl.truststore.location=${trustStore}`,
      `  ssl.truststore.password=\${dir:${secrets}:${secret}}`,
      '  ssl.client.auth=required',
    ]);
  }
}
