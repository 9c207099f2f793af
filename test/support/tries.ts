/** How often chance is tried: in full where judges are required, as in CI; a quarter of it where a person waits for `npm test`. */
import { judgesRequired } from './judges.ts';

export const tries = (full: number): number => (judgesRequired ? full : Math.ceil(full / 4));
