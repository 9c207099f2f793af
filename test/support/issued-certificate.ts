/** A certificate that a running service issued, with everything a program needs to use it as files. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { CertificateJson } from '../../src/api/certificate.ts';
import type { KeyType } from '../../src/domain/x509/key-type.ts';
import { demoName, makeKeyRequest } from './key-request.ts';
import type { RunningService } from './running-service.ts';

export interface IssuedCertificate {
  readonly json: CertificateJson;
  readonly serial: string;
  /** Paths of PEM files. */
  readonly files: { readonly key: string; readonly certificate: string; readonly chain: string; readonly full: string };
}

export interface Wanted {
  readonly names?: readonly string[];
  readonly keyType?: KeyType;
  readonly profile?: string;
  /** Start of the file names; `leaf` if absent. */
  readonly name?: string;
}

/** Issues over the public face with the demo token and writes `<name>.key`, `.crt`, `.chain.pem`, `.full.pem` to `folder`. */
export async function issueCertificate(
  service: RunningService,
  folder: string,
  { names = [demoName], keyType = 'ec-p256', profile, name = 'leaf' }: Wanted = {},
): Promise<IssuedCertificate> {
  const request = makeKeyRequest(names, keyType);
  const answer = await service.public('/v1/certificates', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ csr: request.csrPem, ...(profile && { profile }) }),
  });
  expect([answer.status, answer.body.toString()]).toEqual([201, expect.stringContaining('"serial"')]);
  const json = JSON.parse(answer.body.toString()) as CertificateJson;
  const file = (suffix: string, content: string, mode = 0o644): string => {
    const path = join(folder, `${name}${suffix}`);
    writeFileSync(path, content, { mode });
    return path;
  };
  const files = {
    key: file('.key', request.privateKeyPem, 0o600),
    certificate: file('.crt', json.certificate),
    chain: file('.chain.pem', json.chain.join('')),
    full: file('.full.pem', [json.certificate, ...json.chain].join('')),
  };
  return { json, serial: json.serial, files };
}

/** Revokes over the admin face, where every reason is allowed. */
export async function revokeCertificate(service: RunningService, serial: string, reason = 'superseded'): Promise<void> {
  const answer = await service.admin(`/v1/certificates/${serial}/revoke`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ reason }),
  });
  expect([answer.status, answer.body.toString()]).toEqual([200, expect.any(String)]);
}
