/** What `serve` prints when it is ready: what a first run made, the addresses, and commands that can be pasted. */
import { relative } from 'node:path';
import { quoted } from './terminal/quoted.ts';

export interface StartReport {
  readonly version: string;
  readonly firstRun: boolean;
  /** Path of the home as the user would type it. */
  readonly home: string;
  readonly urls: { readonly public: string; readonly admin: string; readonly distribution: string };
  readonly authorities: readonly { readonly name: string; readonly subject: string; readonly sha256: string }[];
  /** Files of the home, by what they are. */
  readonly files: readonly { readonly path: string; readonly what: string }[];
  /** Where the passphrase lies in the home, beside the keys it protects; undefined if it is given from elsewhere. */
  readonly passphraseFile: string | undefined;
  readonly demo: { readonly product: string; readonly host: string };
}

/**
 * The home as one types it in `cwd`. From `/`, where systemd starts services, it is told in full: `var/lib/privyseal` in a
 * journal reads as some folder below another one.
 */
export function homeAsTyped(cwd: string, home: string): string {
  const inside = relative(cwd, home);
  return cwd === '/' || inside === '' || inside.startsWith('..') ? home : inside;
}

/** The whole text, ending in a newline. */
export function welcome(report: StartReport): string {
  const sections = report.firstRun
    ? [made(report), warning(report), addresses(report), commands(report)]
    : [addresses(report), ['', `The first certificate, step by step: README.md, or \`npx privyseal --help\`.`]];
  return `${sections.flat().join('\n')}\n`;
}

const column = (text: string, width = 26): string => text.padEnd(width + 2);

function made({ version, home, authorities, files }: StartReport): string[] {
  const longestPath = Math.max(...files.map(({ path }) => path.length));
  return [
    `Privyseal ${version}: first run, made ${home}`,
    '',
    'Authorities (SHA-256 of the certificate)',
    ...authorities.map(({ name, sha256 }) => `  ${column(name)}${sha256}`),
    '',
    'Files',
    ...files.map(({ path, what }) => `  ${column(path, longestPath)}${what}`),
  ];
}

function warning({ passphraseFile }: StartReport): string[] {
  if (passphraseFile === undefined) return [];
  return [
    '',
    `WARNING: no passphrase was given, so one was made: ${passphraseFile}`,
    '  It lies beside the keys it protects: whoever copies the home has the authorities’ keys. For anything but a trial, move it',
    '  elsewhere and give it with PRIVYSEAL_VAULT_PASSPHRASE_FILE (docs/keys.md).',
  ];
}

const addresses = ({ version, firstRun, urls }: StartReport): string[] => [
  ...(firstRun ? [''] : [`Privyseal ${version}`]),
  `  ${column('public')}${urls.public}   (API for products, ${urls.public}/docs)`,
  `  ${column('admin')}${urls.admin}   (mutual TLS with admin/admin.crt)`,
  `  ${column('distribution')}${urls.distribution}    (CRL, OCSP, certificates)`,
];

/** Each line works as it is in the folder the service was started from; README.md explains them. */
function commands({ home: path, urls, demo }: StartReport): string[] {
  const home = quoted(path);
  const api = `${urls.public}/v1/certificates`;
  const curl = `curl --cacert ${home}/trust/system.pem -H "Authorization: Bearer $(cat ${home}/demo/token)"`;
  const cli = `npx privyseal${home === 'data' ? '' : ` --home ${home}`}`;
  return [
    '',
    'Your first certificate: paste',
    `  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout demo.key -subj /CN=${demo.host} -addext subjectAltName=DNS:${demo.host} -out demo.csr`,
    `  ${curl} -H 'Content-Type: application/x-pem-file' --data-binary @demo.csr -o demo.json -w '%{http_code}\\n' ${api}`,
    `  serial=$(grep -o '"serial":"[0-9a-f]*' demo.json | head -n 1 | cut -d'"' -f4)`,
    `  ${curl} -H 'Accept: application/pem-certificate-chain' -o demo.pem ${api}/$serial`,
    `  openssl verify -CAfile ${home}/trust/dev.pem -untrusted demo.pem -purpose sslserver -verify_hostname ${demo.host} demo.pem`,
    `  ${cli} list`,
    `  ${cli} revoke $serial --reason superseded --yes`,
  ];
}
