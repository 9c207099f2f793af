/** What openssl says of a certificate, a CRL and an OCSP answer whose authorities have their keys in a given vault. */
import { join } from 'node:path';
import { encodePem } from '#src/domain/der/pem.ts';
import type { KeyType } from '#src/domain/x509/key-type.ts';
import type { Vault } from '#src/ports/vault.ts';
import { certified } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { run } from '../../support/judges.ts';
import { encodeCertId, encodeOcspRequest } from '../../support/ocsp-request.ts';
import { demoToken, firstRunService } from '../../support/service-builder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

export interface Verdicts {
  readonly chain: string;
  readonly crl: string;
  readonly ocsp: string;
}

/** A whole service over the vault: `system`, a root, an issuing authority, and what they sign. */
export async function judgeVault(vault: Vault, keyType: KeyType): Promise<Verdicts> {
  const folder = temporaryFolder();
  const { write } = folder;
  const settings = { authorityKeys: { vault: 'file', keyType } };
  const service = await firstRunService({ home: join(folder.path, 'data'), settings, wrapVault: () => vault });
  const { services, clock, directory } = service;
  const { der, record } = await certified(service, await demoToken(service), { csrDer: buildCsr() });
  const [root, issuing] = [await directory.get('dev-root'), await directory.get('dev-issuing')];
  const rootFile = write('root.pem', encodePem('CERTIFICATE', root.certificateDer));
  const issuingFile = write('issuing.pem', encodePem('CERTIFICATE', issuing.certificateDer));
  const lists = [await services.crl('dev-root'), await services.crl('dev-issuing')];
  const crlFile = write('crls.pem', lists.map((list) => encodePem('X509 CRL', list.der)).join(''));
  const issuer = { subjectDer: issuing.facts.subjectDer, key: { spkiDer: issuing.parsed.spkiDer } };
  const question = encodeOcspRequest([encodeCertId(issuer, record.serial)]);
  const answer = await services.answerOcsp('dev-issuing', question);
  const trust = ['-CAfile', rootFile, '-attime', String(Math.floor(clock.now() / 1000))];
  const leafFile = write('leaf.pem', encodePem('CERTIFICATE', der));
  const respin = ['-respin', write('answer.der', answer.der), '-no_nonce', '-cert', leafFile];
  const verdicts = {
    chain: await said('verify', '-x509_strict', ...trust, '-untrusted', issuingFile, leafFile),
    crl: await said(
      ...['verify', ...trust, '-untrusted', issuingFile, '-CRLfile', crlFile, '-crl_check_all', leafFile],
    ),
    ocsp: await said('ocsp', '-issuer', issuingFile, ...respin, '-verify_other', issuingFile, ...trust),
  };
  await service.close();
  return verdicts;
}

async function said(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run('openssl', args);
  return `exit ${code}\n${stdout}${stderr}`;
}
