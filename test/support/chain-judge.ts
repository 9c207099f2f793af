/** Asks openssl and Java whether a chain is good for who trusts certain roots, with the lists of everybody on it, at the time of a test. */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
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
  /** openssl if absent. */
  readonly judge?: ChainJudge;
}

const pemOf = (label: string, ders: readonly Uint8Array[]): string => ders.map((der) => encodePem(label, der)).join('');

export type ChainJudge = 'openssl' | 'javac';

/** `OK`, or what the judge has against it. */
export async function judgeChain(
  service: TestService,
  file: File,
  { view, trusts, withLists = false, judge = 'openssl' }: Judged,
): Promise<string> {
  writeFileSync(file('leaf.pem'), pemOf('CERTIFICATE', [view.der]));
  writeFileSync(file('chain.pem'), pemOf('CERTIFICATE', view.chainDer));
  writeFileSync(file('trust.pem'), pemOf('CERTIFICATE', trusts));
  const at = String(Math.floor(service.clock.now() / 1000) + 1);
  return (judge === 'openssl' ? byOpenssl : byJava)(service, file, {
    at,
    hasChain: view.chainDer.length > 0,
    withLists,
  });
}

type File = (name: string) => string;

interface Question {
  /** Unix seconds. */
  readonly at: string;
  readonly hasChain: boolean;
  readonly withLists: boolean;
}

/** With every generation's list beside it, and those that were imported. */
async function byOpenssl(service: TestService, file: File, { at, hasChain, withLists }: Question): Promise<string> {
  const args = ['verify', '-attime', at, '-CAfile', file('trust.pem')];
  if (hasChain) args.push('-untrusted', file('chain.pem'));
  if (withLists) {
    const served = await service.services.listAuthorities();
    const lists = await Promise.all(served.map(({ id }) => service.services.crl(id)));
    const elsewhere = (await service.services.listExternalAuthorities()).flatMap(({ crl }) => crl ?? []);
    const ders = [...lists, ...elsewhere].map(({ der }) => der);
    writeFileSync(file('lists.pem'), pemOf('X509 CRL', ders));
    args.push('-crl_check_all', '-CRLfile', file('lists.pem'));
  }
  const { code, stderr } = await run('openssl', [...args, file('leaf.pem')]);
  return code === 0 ? 'OK' : stderr;
}

const program = resolve(import.meta.dirname, '../fixtures/pkix/Judge.java');

/** PKIX as Java's TLS uses it, from source. Lists are fetched from the addresses in the certificates, through a proxy that has them. */
async function byJava(service: TestService, file: File, { at, withLists }: Question): Promise<string> {
  const proxy = createServer((request, answer) => {
    const [, name = ''] = /\/crl\/(.+)\.crl$/.exec(request.url ?? '') ?? [];
    service.services.crl(name).then(
      ({ der }) => answer.end(der),
      () => answer.writeHead(404).end(),
    );
  });
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  const { port } = proxy.address() as AddressInfo;
  const machine = ['-XX:TieredStopAtLevel=1', '-Dcom.sun.security.enableCRLDP=true'];
  const through = ['-Dhttp.proxyHost=127.0.0.1', `-Dhttp.proxyPort=${port}`];
  const files = ['leaf.pem', 'chain.pem', 'trust.pem'].map(file);
  const args = [...machine, ...through, program, ...files, at, String(withLists)];
  const { code, stdout, stderr } = await run('java', args, { timeoutMs: 60_000 });
  proxy.close();
  return code === 0 ? stdout.toString() : stderr;
}
