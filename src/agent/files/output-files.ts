/** The files that a target asks for, with their modes as bits and their owners as numbers. */
import type { FileOwner } from '../../files/whole-file.ts';
import { type FilesConfig, type OutputName, outputsOf } from '../config/agent-schema.ts';
import { resolveOwner } from './owner.ts';

export interface OutputFile {
  readonly output: OutputName;
  /** In `replace` mode. */
  readonly name: string;
  readonly mode: number;
  readonly owner?: FileOwner;
}

/** They hold the key, or open what does. */
export const secret: readonly OutputName[] = ['key.pem', 'combined.pem', 'keystore.p12', 'store-password'];

export function outputFiles(files: FilesConfig): Promise<OutputFile[]> {
  return Promise.all(
    outputsOf(files).map(async (output): Promise<OutputFile> => {
      const asked = files.outputs?.[output];
      const owner = asked?.owner ?? files.owner;
      return {
        output,
        name: asked?.name ?? output,
        mode: asked ? Number.parseInt(asked.mode, 8) : secret.includes(output) ? 0o600 : 0o644,
        ...(owner !== undefined && { owner: await resolveOwner(owner) }),
      };
    }),
  );
}
