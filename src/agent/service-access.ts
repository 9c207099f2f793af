/** How one turn reaches the service: with the token, or as the certificate in use, until the turn ends; or as nobody, with all others. */
import { readFile, stat } from 'node:fs/promises';
import type { PrivysealClient } from '../client/client.ts';
import { AgentError } from './agent-error.ts';
import type { AnonymousAccess } from './anonymous-access.ts';
import type { AgentFile, TargetConfig } from './config/agent-schema.ts';
import type { CredentialSet } from './files/credential-set.ts';
import { serviceTrust } from './trust/service-trust.ts';

export interface ServiceAccess {
  /** AgentError `tokenMissing` or `fileOpenToOthers`. */
  withToken(): Promise<PrivysealClient>;
  /** Mutual TLS. */
  as(set: Pick<CredentialSet, 'certPem' | 'chainPem' | 'keyPem'>): Promise<PrivysealClient>;
  anonymous(): Promise<PrivysealClient>;
  close(): Promise<void>;
}

export function openAccess(
  file: AgentFile,
  { enrol }: Pick<TargetConfig, 'enrol'>,
  shared: AnonymousAccess,
): ServiceAccess {
  const clients: PrivysealClient[] = [];
  const open = async (credential: { certPem?: string; keyPem?: string; token?: string }): Promise<PrivysealClient> => {
    const { connect } = await import('../client/client.ts');
    const client = connect({ baseUrl: file.service.url, caPem: await serviceTrust(file), ...credential });
    clients.push(client);
    return client;
  };
  return {
    withToken: async () => open({ token: await readToken(enrol.tokenFile) }),
    as: ({ certPem, chainPem, keyPem }) => open({ certPem: certPem + chainPem, keyPem }),
    anonymous: () => shared.anonymous(),
    close: async () => {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

/** Visible ASCII only, as a header takes it. */
const tokenText = /^[\x21-\x7e]{1,4096}$/;

async function readToken(file: string): Promise<string> {
  let text: string;
  try {
    // Looked at again: a token may have been put there after the start.
    if (((await stat(file)).mode & 0o077) !== 0) {
      throw new AgentError('fileOpenToOthers', `${file}, the enrolment token, is open to others; chmod 600 it.`);
    }
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (error instanceof AgentError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const advice = 'Make one with `privyseal token add PRODUCT --uses 1 --out FILE` and put it there, mode 0600.';
    throw new AgentError('tokenMissing', `${file}, the enrolment token, cannot be read (${code}). ${advice}`, error);
  }
  if (!tokenText.test(text))
    throw new AgentError('tokenMissing', `${file} does not hold an enrolment token, \`pst_…\`.`);
  return text;
}
