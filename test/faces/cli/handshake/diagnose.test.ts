import { describe, expect, it } from 'vitest';
import { diagnose } from '#src/faces/cli/handshake/diagnose.ts';
import type { Seen } from '#src/faces/cli/handshake/seen.ts';

describe('the diagnosis of a handshake', () => {
  it('does not believe a server whose certificate cannot be read, although TLS does', () => {
    const timing = { timeoutMs: 1000, http: false, maxVersion: 'TLSv1.3' } as const;
    const seen: Seen = {
      request: { host: 'localhost', port: 443, servername: 'localhost', ...timing },
      result: { connected: true, stage: 'secured', closedAtOnce: false },
      messages: [],
      ...{ roots: [], trust: 'ca.pem', nowMs: 0, revocation: [], listsGiven: 0, goodbye: true },
    };
    expect(diagnose(seen).map(({ code }) => code)).toEqual(['serverNotBelieved']);
  });
});
