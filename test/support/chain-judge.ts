/** Asks openssl whether a chain is good for who trusts certain roots, with the lists of everybody on it, at the time of a test. */
import { writeFileSync } from 'node:fs';
import { encodePem } from '../../src/domain/der/pem.ts';
import type { CertificateView } from '../../src/services/services.ts';
import { run } from './judges.ts';
import type { TestService } from './service-builder.ts';

export interface Judged {
  readonly view: CertificateView;
  /** DER of the roots that are trusted. */
  readonly trusts: readonly Uint8Array[];
  /** Which lists are checked: every generation's that is served; absent: none. */
  readonly withLists?: boolean;
}

const pemOf = (label: string, ders: readonly Uint8Array[]): string => ders.map((der) => encodePem(label, der)).join('');

/** `OK`, or what openssl has against it. */
export async function judgeChain(
  service: TestService,
  file: (name: string) => string,
  { view, trusts, withLists = false }: Judged,
): Promise<string> {
  writeFileSync(file('leaf.pem'), pemOf('CERTIFICATE', [view.der]));
  writeFileSync(file('chain.pem'), pemOf('CERTIFICATE', view.chainDer));
  writeFileSync(file('trust.pem'), pemOf('CERTIFICATE', trusts));
  const args = ['verify', '-attime', String(Math.floor(service.clock.now() / 1000) + 1), '-CAfile', file('trust.pem')];
  if (view.chainDer.length > 0) args.push('-untrusted', file('chain.pem'));
  if (withLists) {
    const served = await service.services.listAuthorities();
    const lists = await Promise.all(served.map(({ id }) => service.services.crl(id)));
    const ders = lists.map(({ der }) => der);
    writeFileSync(file('lists.pem'), pemOf('X509 CRL', ders));
    args.push('-crl_check_all', '-CRLfile', file('lists.pem'));
  }
  const { code, stderr } = await run('openssl', [...args, file('leaf.pem')]);
  return code === 0 ? 'OK' : stderr;
}
