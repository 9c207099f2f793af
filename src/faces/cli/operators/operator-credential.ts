/** `privyseal operator add|renew`: a key made here or a CSR from elsewhere, certified by the service, checked, and written as one set. */
import { join } from 'node:path';
import type { CertificateJson } from '../../../api/certificate.ts';
import type { OperatorBody, OperatorCertificateBody } from '../../../api/operator.ts';
import { keyPem, makeCsr, makeLocalKey } from '../../../client/local-key.ts';
import { decodePem, encodePem } from '../../../domain/der/pem.ts';
import { CaError } from '../../../domain/errors.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { parseCsr } from '../../../domain/x509/csr.ts';
import type { KeyType } from '../../../domain/x509/key-type.ts';
import { openCertificate } from '../../../domain/x509/open-certificate.ts';
import { CliError } from '../cli-error.ts';
import type { Ending } from '../exit-codes.ts';
import { readNamedFile } from '../named-file.ts';
import { checkAnswer } from '../requests/check-answer.ts';
import { type FileSet, stageFileSet } from '../requests/file-set.ts';
import type { Session } from '../session.ts';
import { layoutFields } from '../terminal/fields.ts';
import { quoted } from '../terminal/quoted.ts';
import { timeInWords, timeToTheSecond } from '../terminal/words.ts';

export interface CredentialOptions {
  /** A CSR made elsewhere, PEM or DER; without one the key is made here. */
  readonly csr?: string;
  readonly out?: string;
  /** Seconds. */
  readonly lifetime?: number;
  readonly keyType: KeyType;
}

const files = { key: 'operator.key', certificate: 'operator.crt', trust: 'system.pem' } as const;

export async function addOperator(
  session: Session,
  name: string,
  options: CredentialOptions & Pick<OperatorBody, 'role'>,
): Promise<Ending> {
  const client = await session.adminClient();
  const { role } = options;
  return certify(session, name, {
    options,
    ask: async (body) => (await client.addOperator({ name, role, ...body })).issued,
  });
}

/** Without a name the operator that asks. */
export async function renewOperator(
  session: Session,
  given: string | undefined,
  options: CredentialOptions,
): Promise<Ending> {
  const client = await session.adminClient();
  const name = given ?? ownName((await session.adminCredential()).certPem);
  return certify(session, name, { options, ask: (body) => client.issueOperatorCertificate(name, body) });
}

/** The CN, one RDN a line as Node writes it: names of operators need no escapes. */
function ownName(certPem: string): string {
  const [, name] = /^CN=(.+)$/m.exec(openCertificate(certPem).subject) ?? [];
  if (name !== undefined) return name;
  throw new CliError('usage', 'The client certificate names no operator. Give the name: `operator renew NAME`.');
}

interface Certifying {
  readonly options: CredentialOptions;
  readonly ask: (body: OperatorCertificateBody) => Promise<CertificateJson>;
}

async function certify(session: Session, name: string, { options, ask }: Certifying): Promise<Ending> {
  const { caPem } = await session.adminCredential();
  const folder = session.path(options.out ?? name);
  const given = options.csr === undefined ? undefined : await readCsr(session.path(options.csr));
  const set = await stageFileSet(folder, given ? [files.certificate, files.trust] : Object.values(files));
  try {
    const { csr, spkiDer } = given ?? (await makeRequest(set, options.keyType));
    const issued = await ask({ csr, ...(options.lifetime !== undefined && { lifetimeSeconds: options.lifetime }) });
    const trustSource = 'the file that is trusted as the service (--ca)';
    checkAnswer(issued, { spkiDer, names: [], trustPem: caPem, trustSource, now: session.now() });
    await set.write(files.certificate, issued.certificate, 0o644);
    await set.write(files.trust, caPem, 0o644);
    await set.commit();
    report(session, { name, issued, folder, hasKey: given === undefined });
    return 'ok';
  } finally {
    await set.discard();
  }
}

interface CertificateRequest {
  /** PEM. */
  readonly csr: string;
  readonly spkiDer: Uint8Array;
}

/** The key is on disk before the service is asked: a full disk shows before there is a certificate without its key. */
async function makeRequest(set: FileSet, keyType: KeyType): Promise<CertificateRequest> {
  const key = await makeLocalKey(keyType);
  await set.write(files.key, keyPem(key), 0o600);
  return { csr: makeCsr(key, []), spkiDer: key.spkiDer };
}

const label = 'CERTIFICATE REQUEST';

/** Read as strictly as the service will, so that what it would refuse is refused before it is asked; only weak keys it knows better. */
async function readCsr(file: string): Promise<CertificateRequest> {
  const bytes = await readNamedFile({ file, what: 'the CSR', advice: 'Name another file with --csr.' });
  try {
    // DER of a CSR starts with a SEQUENCE.
    const der = bytes[0] === 0x30 ? new Uint8Array(bytes) : decodePem(bytes.toString('latin1'), label);
    return { csr: encodePem(label, der), spkiDer: parseCsr(der, () => false).publicKey.spkiDer };
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    throw new CaError(error.code, `${file}, the CSR, is not acceptable. ${error.message}`, { reasons: error.reasons });
  }
}

interface Report {
  readonly name: string;
  readonly issued: CertificateJson;
  readonly folder: string;
  readonly hasKey: boolean;
}

function report(session: Session, { name, issued, folder, hasKey }: Report): void {
  const written = Object.values(files).filter((file) => hasKey || file !== files.key);
  const paths = written.map((file) => join(folder, file));
  if (session.json) {
    session.printJson({ ...issued, files: paths });
    return;
  }
  const key = hasKey ? quoted(join(folder, files.key)) : 'ITS-KEY';
  const address = session.adminUrl === undefined ? '' : ` --admin-url ${session.adminUrl}`;
  const [certificate, trust] = [files.certificate, files.trust].map((file) => quoted(join(folder, file)));
  session.print([
    ...layoutFields([
      ['Operator', printable(name)],
      ['Certificate', printable(issued.serial)],
      ['Expires', `${timeInWords(issued.notAfter, session.now())}, ${timeToTheSecond(issued.notAfter)}`],
      ['Written', paths],
    ]),
    '',
    'Use it',
    `  npx privyseal${address} --cert ${certificate} --key ${key} --ca ${trust} status`,
  ]);
}
