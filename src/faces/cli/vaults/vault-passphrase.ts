/** `privyseal vault passwd`: tells what was changed, and where the passphrase must be put now. */
import type { PassphraseChange, PassphraseSource } from '../../../domain/records/vault-change.ts';
import type { CliIo } from '../terminal/io.ts';
import { aboutMissing, describeVaultFiles, fact } from './describe-vault-files.ts';

export interface PasswdOptions {
  readonly oldPassphraseFile?: string;
  readonly newPassphraseFile?: string;
  readonly earlierPassphraseFile?: string;
  readonly keepInHome?: boolean;
}

export function reportPassphraseChange(io: CliIo, json: boolean, change: PassphraseChange): void {
  io.stdout.write(`${json ? JSON.stringify(change, null, 2) : describe(change).join('\n')}\n`);
}

function describe(change: PassphraseChange): string[] {
  const { vault, source, keptIn, notAudited } = change;
  return [
    fact('Vault', vault),
    ...describeVaultFiles(change),
    ...(keptIn === null ? [] : [fact('Kept in', `${keptIn}, beside the keys it protects`)]),
    fact('Audited', notAudited === null ? 'yes, as vault.passphraseChanged' : `no. ${notAudited}`),
    '',
    'Next',
    ...(keptIn === null ? nextSteps[source] : ['  Start the service; it finds the passphrase in its home.']),
    ...aboutMissing(change),
    '  Backups made before open with the old passphrase: keep it for as long as you keep them (docs/keys.md).',
  ];
}

const giveIt = '  Give the service the new passphrase with PRIVYSEAL_VAULT_PASSPHRASE_FILE (docs/keys.md).';

/** The next start looks first where this program has just found the old one. */
const nextSteps: Readonly<Record<PassphraseSource, readonly string[]>> = {
  environment: ['  Put the new passphrase into PRIVYSEAL_VAULT_PASSPHRASE before the next start.'],
  file: ['  Put the new passphrase into the file of PRIVYSEAL_VAULT_PASSPHRASE_FILE before the next start.'],
  credential: ['  Put the new passphrase into the credential of systemd before the next start.'],
  home: [giveIt],
  shares: ['  The shares open nothing any more: destroy them.', giveIt],
  given: [giveIt],
};
