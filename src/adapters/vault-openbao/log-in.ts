/** How the service shows OpenBao who it is: one row for each way, from files to a token. */
import type { BaoAnswer, BaoCall } from './bao-calls.ts';
import { BaoError } from './bao-trouble.ts';
import { accept } from './judge-answer.ts';
import { recordOf } from './record-of.ts';
import { readSecret } from './secret-file.ts';

export type AuthWay = 'token' | 'appRole' | 'certificate' | 'kubernetes';

export interface AuthOptions {
  readonly auth: AuthWay;
  readonly authMount?: string;
  readonly tokenFile?: string;
  readonly roleIdFile?: string;
  readonly secretIdFile?: string;
  readonly role?: string;
  readonly serviceAccountTokenFile?: string;
}

/** A token as it was given. Whoever holds this never prints it. */
export interface Lease {
  readonly token: string;
  /** Undefined: for ever, or not known. */
  readonly seconds: number | undefined;
  readonly renewable: boolean;
  readonly policies: readonly string[];
}

/** Sends with the namespace and, if one is given, the token. */
export type SendPlainly = (call: Omit<BaoCall, 'timeLimitMs'>, token?: string) => Promise<BaoAnswer>;

type LogIn = (options: AuthOptions, send: SendPlainly) => Promise<Lease>;

const usualMounts = { appRole: 'approle', certificate: 'cert', kubernetes: 'kubernetes' } as const;

/** Rejects with BaoError. */
export const logIn: Readonly<Record<AuthWay, LogIn>> = {
  async token({ tokenFile }, send) {
    const token = await readSecret(tokenFile!);
    return lookUp(token, send);
  },
  async appRole({ authMount = usualMounts.appRole, roleIdFile, secretIdFile }, send) {
    // A role id is no secret.
    const role_id = await readSecret(roleIdFile!, { secret: false });
    return loggedIn(send, authMount, { role_id, secret_id: await readSecret(secretIdFile!) });
  },
  certificate: ({ authMount = usualMounts.certificate, role }, send) =>
    loggedIn(send, authMount, role === undefined ? {} : { name: role }),
  async kubernetes({ authMount = usualMounts.kubernetes, role, serviceAccountTokenFile }, send) {
    const jwt = await readSecret(serviceAccountTokenFile!, { secret: false });
    return loggedIn(send, authMount, { role, jwt });
  },
};

async function loggedIn(send: SendPlainly, mount: string, body: object): Promise<Lease> {
  const answer = await send({ method: 'POST', path: `auth/${mount}/login`, body });
  return leaseOf(accept(answer, 'login').auth);
}

/** A token that may not look itself up is used all the same; when it ends is then not known. */
async function lookUp(token: string, send: SendPlainly): Promise<Lease> {
  const answer = await send({ method: 'GET', path: 'auth/token/lookup-self' }, token);
  if (answer.status === 403) return { token, seconds: undefined, renewable: false, policies: [] };
  const data = recordOf(accept(answer, 'key').data);
  return { token, seconds: secondsOf(data.ttl), renewable: data.renewable === true, policies: textsOf(data.policies) };
}

/** The lease after it was renewed; BaoError when it cannot be. */
export async function renew(lease: Lease, send: SendPlainly): Promise<Lease> {
  const answer = await send({ method: 'POST', path: 'auth/token/renew-self', body: {} }, lease.token);
  return leaseOf(accept(answer, 'key').auth);
}

function leaseOf(auth: unknown): Lease {
  const { client_token: token, lease_duration: seconds, renewable, token_policies: policies } = recordOf(auth);
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
    throw new BaoError('badRequest', 'a login without a token');
  return { token, seconds: secondsOf(seconds), renewable: renewable === true, policies: textsOf(policies) };
}

/** 0 is for ever. */
const secondsOf = (value: unknown): number | undefined => (typeof value === 'number' && value > 0 ? value : undefined);

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
