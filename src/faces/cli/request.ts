/** `privyseal request`: makes the key here, has it certified, checks the answer, and writes key, certificate, chain and trust as one set. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateJson } from '../../api/certificate.ts';
import type { PrivysealClient } from '../../client/client.ts';
import { printable } from '../../domain/policy/printable.ts';
import type { GeneralName } from '../../domain/x509/general-name.ts';
import type { KeyType } from '../../domain/x509/key-type.ts';
import { checkAnswer } from './check-answer.ts';
import type { Ending } from './exit-codes.ts';
import { layoutFields } from './fields.ts';
import { type FileSet, stageFileSet } from './file-set.ts';
import { howToUse } from './how-to-use.ts';
import { discardOnInterrupt } from './interrupt.ts';
import { keyPem, type LocalKey, makeCsr, makeLocalKey } from './local-key.ts';
import type { Session } from './session.ts';
import { timeInWords, timeToTheSecond } from './words.ts';

export interface RequestOptions {
  readonly out?: string;
  readonly profile?: string;
  /** Seconds. */
  readonly lifetime?: number;
  readonly keyType: KeyType;
}

/** What the set may hold; `chain.pem` is left out when a root signs directly. */
const fileNames = ['key.pem', 'cert.pem', 'fullchain.pem', 'chain.pem', 'trust.pem'];

export async function request(
  session: Session,
  names: readonly GeneralName[],
  options: RequestOptions,
): Promise<Ending> {
  const client = await session.publicClient('product');
  const folder = session.path(options.out ?? folderName(names[0]!));
  const files = await stageFileSet(folder, fileNames);
  const restore = discardOnInterrupt(files.staging);
  try {
    const key = await makeLocalKey(options.keyType);
    // On disk before the service is asked: a full disk shows before there is a certificate without its key.
    await files.write('key.pem', keyPem(key), 0o600);
    const issued = await client.submit({
      csr: makeCsr(key, names),
      ...(options.profile !== undefined && { profile: options.profile }),
      ...(options.lifetime !== undefined && { lifetimeSeconds: options.lifetime }),
    });
    const written = await writeChecked({ session, client, files, key, names, issued });
    report(session, issued, folder, written);
    return 'ok';
  } finally {
    await files.discard();
    restore();
  }
}

interface Issuing {
  readonly session: Session;
  readonly client: PrivysealClient;
  readonly files: FileSet;
  readonly key: LocalKey;
  readonly names: readonly GeneralName[];
  readonly issued: CertificateJson;
}

/** Names of the files that are now in place. */
async function writeChecked({ session, client, files, key, names, issued }: Issuing): Promise<string[]> {
  const trust = await findTrust(session, client, issued.environment ?? 'system');
  const expected = { spkiDer: key.spkiDer, names, trustPem: trust.pem, trustSource: trust.source, now: session.now() };
  checkAnswer(issued, expected);
  const chain = issued.chain.map(withNewline).join('');
  const certificate = withNewline(issued.certificate);
  await files.write('cert.pem', certificate, 0o644);
  await files.write('fullchain.pem', certificate + chain, 0o644);
  if (chain !== '') await files.write('chain.pem', chain, 0o644);
  await files.write('trust.pem', trust.pem, 0o644);
  await files.commit();
  return fileNames.filter((name) => name !== 'chain.pem' || chain !== '');
}

const withNewline = (pem: string): string => (pem.endsWith('\n') ? pem : `${pem}\n`);

/** A trust file that is already here outranks what the service says now; without one, TLS vouches for the answer. */
async function findTrust(session: Session, client: PrivysealClient, environment: string) {
  const present = join(session.home, 'trust', `${folderSafe(environment)}.pem`);
  const pem = await readFile(present, 'utf8').catch(() => undefined);
  if (pem !== undefined) return { pem, source: present };
  return { pem: await client.trustBundle(environment), source: `the trust bundle of ${session.publicUrl}` };
}

const folderSafe = (text: string): string => text.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '_');

/** `demo.dev.internal`; a wildcard's `*` and a URI's `/` have no place in a folder's name. */
const folderName = (name: GeneralName): string => folderSafe(name.value.replace(/^\*\./, 'wildcard.'));

function report(session: Session, issued: CertificateJson, folder: string, written: readonly string[]): void {
  const files = written.map((name) => join(folder, name));
  if (session.json) session.printJson({ ...issued, files });
  else
    session.print([
      ...layoutFields([
        ['Certificate', issued.serial],
        ['Names', issued.names.map((name) => printable(name))],
        ['Profile', printable(issued.profile.name)],
        ['Expires', `${timeInWords(issued.notAfter, session.now())}, ${timeToTheSecond(issued.notAfter)}`],
        ['Written', files],
      ]),
      '',
      ...howToUse(folder, issued, written),
    ]);
}
