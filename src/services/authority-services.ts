/** What operators may ask of authorities besides what anybody may fetch. */
import type { Authority } from '../domain/records/environment.ts';
import type { AuthorityView } from './services.ts';

/** `inForce` is null while the authority waits for its certificate. */
export interface AuthorityDetail {
  readonly authority: Authority;
  readonly inForce: AuthorityView | null;
}

/** All throw CaError; `notFound` for a name that is none. */
export interface AuthorityServices {
  describeAuthority(name: string): Promise<AuthorityDetail>;
}
