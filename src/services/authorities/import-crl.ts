/** Takes a list that was made elsewhere, judges it, and serves it from then on. */
import { decodePem } from '../../domain/der/pem.ts';
import { CaError } from '../../domain/errors.ts';
import { judgeCrl } from '../../domain/policy/judge-crl.ts';
import { refuse, refuseIfAny } from '../../domain/refusal.ts';
import { type ParsedCertificate, parseCertificate } from '../../domain/x509/certificate.ts';
import { type ForeignCrl, parseForeignCrl } from '../../domain/x509/read-crl.ts';
import type { Inventory } from '../../ports/inventory.ts';
import { actorOf } from '../caller.ts';
import type { GuardedClock } from '../guard-clock.ts';
import { noSuch } from '../no-such.ts';
import type { AuthorityDirectory } from './authority-directory.ts';
import type { AuthorityServices } from './authority-services.ts';
import type { ExternalDirectory, ExternalView } from './external-authorities.ts';

export interface ImportCrlDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
  readonly external: ExternalDirectory;
  readonly clock: GuardedClock;
}

export const createImportCrl =
  (deps: ImportCrlDeps): AuthorityServices['importCrl'] =>
  async (caller, name, crlPem) => {
    deps.clock.assertSafe();
    const view = await externalNamed(deps, name);
    const crl = readCrl(crlPem);
    // The very list that is served: an import that is repeated has nothing left to do.
    if (view.crl && Buffer.compare(view.crl.der, crl.der) === 0) return view.crl;
    const at = deps.clock.now();
    const now = Math.floor(at / 1000);
    const filed = await deps.inventory.latestCrl(name);
    const served = filed ? parseForeignCrl(filed.der) : null;
    const about = await signedBy(deps, view, now);
    refuseIfAny(await judgeCrl({ crl, issuer: view.parsed, now, served, about }));
    const { der, thisUpdate, nextUpdate, entries } = crl;
    await deps.inventory.recordCrl(
      // Of two that come at once, and were judged beside the same one before, one is refused.
      { authority: name, crlNumber: (filed?.crlNumber ?? 0) + 1, thisUpdate, nextUpdate, der },
      {
        at,
        kind: 'crl.imported',
        actor: actorOf(caller),
        object: `authority:${name}`,
        details: { crlNumber: crl.crlNumber?.toString() ?? null, entries: entries.length, nextUpdate },
      },
    );
    // An authority of ours may be on it, or no longer be.
    deps.directory.forget();
    deps.external.forget();
    return deps.external.crl(await externalNamed(deps, name));
  };

/** Certificates of authorities, ours and elsewhere, whose state the list is to tell; `now` in Unix seconds. */
async function signedBy(
  { inventory, external }: ImportCrlDeps,
  { external: { name } }: ExternalView,
  now: number,
): Promise<readonly ParsedCertificate[]> {
  const elsewhere = (await external.all()).filter(({ external: one }) => one.parent === name && one.name !== name);
  const ours: ParsedCertificate[] = [];
  for (const { serial } of await inventory.authorityCertificates()) {
    const record = await inventory.certificate(serial);
    const der = record?.authority === name ? await inventory.certificateDer(serial) : undefined;
    if (der) ours.push(parseCertificate(der));
  }
  return [...elsewhere.map(({ parsed }) => parsed), ...ours].filter(({ notAfter }) => notAfter >= now);
}

async function externalNamed({ inventory, external }: ImportCrlDeps, name: string): Promise<ExternalView> {
  const view = await external.find(name);
  if (view) return view;
  if ((await inventory.authorities()).some((authority) => authority.name === name)) {
    throw new CaError('conflict', `${name} makes its own list: there is nothing to import for it.`);
  }
  throw noSuch('authority', name);
}

function readCrl(crlPem: string): ForeignCrl {
  const der = decodePem(crlPem, 'X509 CRL');
  try {
    return parseForeignCrl(der);
  } catch (cause) {
    if (!(cause instanceof CaError)) throw cause;
    return refuse([{ code: 'badCrl', message: cause.message, field: 'crl' }], cause);
  }
}
