/** Commands to be pasted: they find the same service, and show it the same, as the one that printed them. */
import { quoted } from './quoted.ts';

/** As typed, but for --json, which is for programs. A context or a variable is still there for who pastes. */
const flags = {
  home: '--home',
  url: '--url',
  adminUrl: '--admin-url',
  cert: '--cert',
  key: '--key',
  ca: '--ca',
  tokenFile: '--token-file',
  context: '--context',
} as const;

/** `words` are quoted already where they must be. */
export function pasted(given: Readonly<Partial<Record<keyof typeof flags, string>>>, words: string): string {
  const repeated = (Object.keys(flags) as (keyof typeof flags)[]).flatMap((option) =>
    given[option] === undefined ? [] : [`${flags[option]} ${quoted(given[option])} `],
  );
  return `npx privyseal ${repeated.join('')}${words}`;
}
