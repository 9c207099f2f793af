/** What a program wrote, without the secrets of its target: it goes into the log, the state file and, as a report, to the service. */
import { printable } from '../../domain/policy/printable.ts';
import type { CredentialSet } from '../files/credential-set.ts';

export type Secrets = Pick<CredentialSet, 'keyPem' | 'storePassword'>;

/** Whosever key it is; the end may have been cut off. */
const keyBlock =
  /-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY)-----(?:(?!-----BEGIN )[\s\S])*?(?:-----END \1-----|(?=-----BEGIN )|$)/g;
const token = /pst_[A-Za-z0-9_-]{16,}/g;
/** Where base64 can be a part of a key: shorter pieces are in many words, and tell too little. */
const base64 = /[A-Za-z0-9+/=]{16,}/g;

/** A shell that traces its commands (`set -x`) writes passwords that it was given, and a hook may write whole files. */
export function withoutSecrets(text: string, sets: readonly Secrets[]): string {
  const passwords = sets.flatMap(({ storePassword }) => waysToWrite(storePassword));
  const hidden = passwords.filter((password) => password !== '').toSorted((a, b) => b.length - a.length);
  const known = hidden.reduce((left, password) => left.replaceAll(password, '(password left out)'), text);
  return known
    .replace(keyBlock, '(private key left out)')
    .replace(base64, (piece) => (sets.some((set) => shares(piece, set)) ? '(private key left out)' : piece))
    .replace(token, '(token left out)');
}

/** As it is, made printable, and with its backslashes and quotes escaped, as a shell or JSON writes it. */
const waysToWrite = (password: string): readonly string[] => [
  password,
  printable(password),
  JSON.stringify(password).slice(1, -1),
];

/** A whole line of the key in `piece`, or `piece` a part of one: what a program writes is cut in its middle when there is much. */
function shares(piece: string, { keyPem }: Secrets): boolean {
  const lines = keyPem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
  return lines.join('').includes(piece) || lines.some((line) => line.length >= 16 && piece.includes(line));
}
