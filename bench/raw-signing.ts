/** What a backend signs by itself, without this service: P-256 over a hash, in a closed loop of so many callers. */
import { generateKeyPairSync, hash, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cka, ckf, ckm, cko } from '../src/adapters/vault-pkcs11/cryptoki-numbers.ts';
import { findSlot } from '../src/adapters/vault-pkcs11/find-slot.ts';
import { asOwner } from '../test/adapters/vault-pkcs11/token-owner.ts';
import type { BaoServer } from '../test/support/bao-server.ts';
import { type SoftwareToken, softwareModule } from '../test/support/software-token.ts';
import { httpRequest, runLoad } from './load.ts';

export interface RawPlan {
  readonly callers: number;
  readonly seconds: number;
}

const warmUpMs = 1000;
const tbs = Buffer.alloc(600, 7);

/** Of node:crypto on its thread pool, as the file vault signs. */
export function rawFileRate(plan: RawPlan): Promise<number> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signOnce = (): Promise<unknown> =>
    new Promise((done, failed) =>
      sign('sha256', tbs, privateKey, (error, signature) => (error ? failed(error) : done(signature))),
    );
  return closedLoop(plan, () => signOnce);
}

/** Of a real OpenBao, one signature a request over TLS that is kept alive, from a process of its own. */
export async function rawBaoRate(
  { server, path, token }: { readonly server: BaoServer; readonly path: string; readonly token: string },
  { callers, seconds }: RawPlan,
): Promise<number> {
  const body = { input: hash('sha256', tbs, 'base64'), prehashed: true, hash_algorithm: 'sha2-256' };
  const whole = JSON.stringify({ ...body, marshaling_algorithm: 'asn1', key_version: '1' });
  const headers = { 'X-Vault-Token': token, 'Content-Type': 'application/json' };
  const { perSecond, failures } = await runLoad({
    port: Number(new URL(server.address).port),
    ca: readFileSync(server.caFile, 'utf8'),
    connections: callers,
    warmUpMs,
    durationMs: seconds * 1000,
    expectedStatus: 200,
    requests: [httpRequest('POST', `/v1/${path}`, headers, Buffer.from(whole)).toString('base64')],
  });
  if (failures > 0) throw new Error(`OpenBao refused ${failures} signatures`);
  return perSecond;
}

/** As many as the vault has by default. */
const mostSessions = 4;

/** Of a token of SoftHSM2 through its module, a session for each caller, as far as the vault has them. */
export function rawTokenRate(token: SoftwareToken, plan: RawPlan): Promise<number> {
  return asOwner(token, async ({ cryptoki, session, makeKey }) => {
    const name = `raw-${plan.callers}`;
    await makeKey(name, []);
    cryptoki.C_FindObjectsInit(session, [
      { type: cka.class, value: cko.privateKey },
      { type: cka.label, value: name },
    ]);
    const [key] = cryptoki.C_FindObjects(session, 1);
    cryptoki.C_FindObjectsFinal(session);
    const { slot } = findSlot(cryptoki, {
      label: token.label,
      modulePath: softwareModule,
      sessions: 1,
      readWriteSessions: true,
    });
    const digest = hash('sha256', tbs, 'buffer');
    return closedLoop({ ...plan, callers: Math.min(plan.callers, mostSessions) }, () => {
      const own = cryptoki.C_OpenSession(slot, ckf.serialSession);
      return async () => {
        cryptoki.C_SignInit(own, { mechanism: ckm.ecdsa, parameter: null }, key!);
        await cryptoki.C_SignAsync(own, digest, Buffer.alloc(64));
      };
    });
  });
}

/** Each caller asks again as soon as it is answered. */
async function closedLoop({ callers, seconds }: RawPlan, makeCaller: () => () => Promise<unknown>): Promise<number> {
  let counted = 0;
  const countsFrom = performance.now() + warmUpMs;
  const end = countsFrom + seconds * 1000;
  await Promise.all(
    Array.from({ length: callers }, makeCaller).map(async (ask) => {
      for (let now = performance.now(); now < end; now = performance.now()) {
        await ask();
        if (now >= countsFrom) counted += 1;
      }
    }),
  );
  return counted / seconds;
}
