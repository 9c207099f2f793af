/** What `vault passwd` and `vault split` did to the files of the vault, in lines that both print. */
import { basename } from 'node:path';
import type { VaultFilesChange } from '../../../domain/records/vault-change.ts';
import { counted } from '../terminal/words.ts';

/** One line of a summary. */
export const fact = (name: string, value: string): string => `${name.padEnd(14)}${value}`;

const facts = (name: string, values: readonly string[]): string[] =>
  values.map((value, at) => fact(at === 0 ? name : '', value));

const held: Readonly<Record<string, string>> = {
  passphrase: 'passphrase, which held the old one',
  'shares.json': 'shares.json, which said what shares open the vault',
};

export const describeVaultFiles = ({ keys, written, removed, missing }: VaultFilesChange): string[] => [
  fact('Sealed anew', counted(keys, 'key')),
  ...facts(
    'Written',
    written.map((file) => basename(file)),
  ),
  ...facts(
    'Removed',
    removed.map((file) => held[basename(file)] ?? basename(file)),
  ),
  ...facts(
    'Missing',
    missing === null
      ? ['not known: the inventory cannot be read']
      : missing.map(({ authority, file }) => `${basename(file)}, the key of ${authority}`),
  ),
];

/** What somebody who has the file of a missing key can still do, and who has not. */
export const aboutMissing = ({ missing }: Pick<VaultFilesChange, 'missing'>): string[] =>
  missing === null || missing.length === 0
    ? []
    : [
        '  What is missing was not sealed anew: its file from a backup opens with the old passphrase, and would stop the start. Put it in',
        '  its place, and `vault passwd --earlier-passphrase-file FILE`, with the old one in FILE, seals it anew; or replace those authorities.',
      ];
