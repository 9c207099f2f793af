/** Whether PEM files hold what they were named for, said of each by its name: TLS would only say that one of them is not right. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { certificatesIn } from '../../domain/diagnosis/judge-server-chain.ts';
import { CliError } from './cli-error.ts';
import { timeToTheSecond } from './terminal/words.ts';

export interface PemFile {
  readonly file: string;
  readonly pem: string;
}

/** CliError `usage`. */
export function assertCertificates({ file, pem }: PemFile): void {
  if (certificatesIn(pem).length === 0) throw new CliError('usage', `${file} holds no certificate in PEM.`);
}

/** CliError `usage` unless the key is that of the first certificate. */
export function assertPair(cert: PemFile, key: PemFile): void {
  assertCertificates(cert);
  const [own] = certificatesIn(cert.pem);
  if (own!.checkPrivateKey(privateKeyOf(key))) return;
  throw new CliError('usage', `${key.file} is not the key of the first certificate in ${cert.file}.`);
}

/** CliError `credentialExpired`. TLS has no alert for it that reaches us: the admin face just closes the connection. */
export function assertLive({ file, pem }: PemFile, nowMs: number): void {
  const [own] = certificatesIn(pem);
  if (own === undefined || own.validToDate.getTime() >= nowMs) return;
  const advice =
    'Have a new one issued: an operator’s by an admin (`operator renew NAME`, or `operator recover` when none is left), a product’s with a token.';
  const since = timeToTheSecond(own.validToDate.toISOString());
  throw new CliError('credentialExpired', `${file} expired at ${since}. ${advice}`);
}

function privateKeyOf({ file, pem }: PemFile): KeyObject {
  if (/ENCRYPTED/.test(pem)) {
    const advice = `Decrypt it into a file of your own: (umask 077; openssl pkey -in ${file} -out plain.key).`;
    throw new CliError('usage', `${file} is encrypted, and no passphrase is asked for here. ${advice}`);
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new CliError('usage', `${file} holds no private key in PEM.`, error);
  }
}
