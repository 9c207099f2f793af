/** One token, opened and logged in for the life of this process: its keys, and signatures with them. */
import { createPublicKey, randomBytes } from 'node:crypto';
import type { KeyType } from '../../domain/x509/key-type.ts';
import {
  parseSubjectPublicKey,
  publicKeySha256,
  type SubjectPublicKey,
  verifySignatureSync,
} from '../../domain/x509/public-key.ts';
import { type SignatureAlgorithm, signatureAlgorithms } from '../../domain/x509/signature-algorithm.ts';
import type { VaultKey } from '../../ports/vault.ts';
import { type Cryptoki, loadCryptoki, type SessionHandle } from './cryptoki.ts';
import { ckf, cku, userStates } from './cryptoki-numbers.ts';
import { type FoundToken, findSlot } from './find-slot.ts';
import { logIn } from './log-in.ts';
import { SessionPool } from './session-pool.ts';
import { type SigningWay, signingWay } from './signing-ways.ts';
import { faultOf, isStale, TokenFault } from './token-fault.ts';
import { type TokenKey, TokenKeys } from './token-keys.ts';
import type { KeyReference, Login, TokenActs, TokenAddress } from './token-messages.ts';

type Acts = {
  readonly [Act in Exclude<keyof TokenActs, 'open'>]: (
    takes: TokenActs[Act]['takes'],
  ) => Promise<TokenActs[Act]['gives']>;
};

export interface OpenToken extends Acts {
  /** Ends all sessions of this process with the module; never throws. */
  close(): void;
}

/** Loads the module, finds the token, logs in. Everything it throws, now and later, is a TokenFault. */
export async function openToken(address: TokenAddress, login: Login): Promise<OpenToken> {
  const cryptoki = await loadCryptoki(address.modulePath);
  try {
    const token = findSlot(cryptoki, address);
    // Stays open: with a token's last session its login ends.
    const session = cryptoki.C_OpenSession(token.slot, sessionFlags(address.readWriteSessions));
    logIn(cryptoki, session, token, login);
    return new LoggedInToken({ cryptoki, token, session, address, login });
  } catch (error) {
    throw faultOf(error, 'Opening the token');
  }
}

interface Opened {
  readonly cryptoki: Cryptoki;
  readonly token: FoundToken;
  readonly session: SessionHandle;
  readonly address: TokenAddress;
  readonly login: Login;
}

const sessionFlags = (readWrite: boolean): number => ckf.serialSession | (readWrite ? ckf.rwSession : 0);

/** RSA-8192. */
const longestSignature = 1024;

/** With what its signatures are verified: importing a key costs as much as verifying once. */
interface FoundKey extends TokenKey {
  readonly imported: SubjectPublicKey;
}

class LoggedInToken implements OpenToken {
  readonly #opened: Opened;
  readonly #mechanisms: ReadonlySet<number>;
  readonly #keys: TokenKeys;
  readonly #pool: SessionPool;
  /** Handles hold for the life of a login: found once a key. */
  readonly #found = new Map<string, FoundKey>();
  /**
   * Names of keys that were here, by their public key. A module that runs may go on showing a key, or a whole token, that is
   * gone: only a process that starts anew sees it.
   */
  readonly #seen = new Map<string, string>();
  #making = Promise.resolve<unknown>(undefined);

  constructor(opened: Opened) {
    const { cryptoki, token, session, address } = opened;
    this.#opened = opened;
    this.#mechanisms = new Set(cryptoki.C_GetMechanismList(token.slot));
    this.#keys = new TokenKeys(cryptoki, session);
    this.#pool = new SessionPool({
      most: address.sessions,
      open: () => cryptoki.C_OpenSession(token.slot, sessionFlags(address.readWriteSessions)),
      close: (each) => cryptoki.C_CloseSession(each),
    });
  }

  async listKeys(): Promise<readonly VaultKey[]> {
    return this.#guard('Listing the keys', async () => {
      this.#assertLoggedIn();
      const keys = this.#keys.list();
      const listed = new Set(keys.map(({ publicKeyDer }) => publicKeySha256(publicKeyDer)));
      if ([...this.#seen.keys()].some((seen) => !listed.has(seen))) throw gone();
      return keys;
    });
  }

  async findKey({ name }: { name: string }): Promise<VaultKey> {
    return this.#guard('Reading the key', async () => {
      const key = this.#keys.named(name);
      if (!key) throw this.#notFound(name);
      return { name, type: key.type, publicKeyDer: key.publicKeyDer };
    });
  }

  async checkKey(key: KeyReference): Promise<null> {
    return this.#guard('Reading the key', async () => {
      this.#find(key);
      return null;
    });
  }

  /** One after the other: two of one name would both find it free. */
  createKey({ name, type }: { name: string; type: KeyType }): Promise<VaultKey> {
    const made = this.#making.then(() =>
      this.#guard('Making the key', () =>
        this.#inReadWriteSession((session) => this.#keys.create({ name, type, id: randomBytes(20) }, session)),
      ),
    );
    this.#making = made.catch(() => undefined);
    return made;
  }

  async destroyKey({ name }: { name: string }): Promise<null> {
    return this.#guard('Destroying the key', () =>
      this.#inReadWriteSession(async (session) => {
        this.#assertLoggedIn();
        this.#keys.destroy(name, session);
        this.#found.clear();
        for (const [sha256, seen] of this.#seen) if (seen === name) this.#seen.delete(sha256);
        return null;
      }),
    );
  }

  /** A session that has gone meanwhile is worth a second one, with the handles found again. */
  async sign({ key, algorithm: name, tbs }: TokenActs['sign']['takes']): Promise<Uint8Array> {
    const algorithm = signatureAlgorithms[name];
    return this.#guard('Signing', async () => {
      try {
        return await this.#signOnce(key, algorithm, tbs);
      } catch (error) {
        if (!isStale(error)) throw error;
        this.#found.clear();
        return await this.#signOnce(key, algorithm, tbs);
      }
    });
  }

  close(): void {
    try {
      this.#opened.cryptoki.C_Finalize();
    } catch {
      // The process ends anyway.
    }
  }

  async #signOnce(reference: KeyReference, algorithm: SignatureAlgorithm, tbs: Uint8Array): Promise<Uint8Array> {
    const key = this.#find(reference);
    const way = signingWay(algorithm.name, this.#mechanisms);
    if (!way) throw new TokenFault('notSupported', `The token has no mechanism for ${algorithm.name}.`);
    const raw = await this.#pool.use((session) => this.#signIn(session, key, way, tbs));
    const signature = way.output(raw);
    if (verifySignatureSync({ tbs, signature, algorithm, publicKey: key.imported })) return signature;
    throw new TokenFault('spoilt', 'A signature of the token did not verify and was thrown away.');
  }

  async #signIn(session: SessionHandle, key: TokenKey, way: SigningWay, tbs: Uint8Array): Promise<Uint8Array> {
    const { cryptoki, login } = this.#opened;
    // Both are kept here until the module is done with them.
    const input = way.input(tbs, key.type);
    const output = Buffer.alloc(longestSignature);
    cryptoki.C_SignInit(session, way.mechanism, key.privateHandle);
    // PKCS#11 3.1 §4.9: between the two, each time, on the same session.
    if (key.alwaysAuthenticate) cryptoki.C_Login(session, cku.contextSpecific, login.pin ?? '');
    return cryptoki.C_SignAsync(session, input, output);
  }

  #find({ name, publicKeySha256: sha256 }: KeyReference): FoundKey {
    const known = this.#found.get(sha256);
    if (known?.name === name) return known;
    const found = this.#keys.find(name, sha256);
    if (!found) throw this.#notFound(this.#seen.get(sha256));
    if (found.leaves) throw new TokenFault('keyExtractable', `The key ${name} can leave its token.`);
    const key = { ...found, imported: importPublicKey(found.publicKeyDer) };
    this.#found.set(sha256, key);
    this.#seen.set(sha256, name);
    return key;
  }

  /** Without a login private keys are not there to be found. */
  #notFound(name: string | undefined): TokenFault {
    this.#assertLoggedIn();
    if ([...this.#seen.values()].some((seen) => seen === name)) return gone();
    return new TokenFault('notFound', 'The token does not hold this key.');
  }

  #assertLoggedIn(): void {
    const { cryptoki, token, session } = this.#opened;
    if ((token.flags & ckf.loginRequired) === 0) return;
    if (userStates.includes(cryptoki.C_GetSessionInfo(session).state)) return;
    throw new TokenFault('lost', 'The login of the token has ended.');
  }

  async #inReadWriteSession<T>(work: (session: SessionHandle) => Promise<T>): Promise<T> {
    const { cryptoki, token } = this.#opened;
    const session = cryptoki.C_OpenSession(token.slot, sessionFlags(true));
    try {
      return await work(session);
    } finally {
      try {
        cryptoki.C_CloseSession(session);
      } catch {
        // It went with the token.
      }
    }
  }

  async #guard<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw faultOf(error, doing);
    }
  }
}

function importPublicKey(publicKeyDer: Uint8Array): SubjectPublicKey {
  const keyObject = createPublicKey({ key: Buffer.from(publicKeyDer), format: 'der', type: 'spki' });
  return { ...parseSubjectPublicKey(publicKeyDer), keyObject };
}

const gone = (): TokenFault => new TokenFault('lost', 'A key that the token held has gone, or the token itself.');
