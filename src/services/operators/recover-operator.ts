/** Break-glass: an admin's certificate made on the machine itself, for when nobody can get into the admin face any more. */
import { encodePem } from '../../domain/der/pem.ts';
import { isOperatorName } from '../../domain/policy/operator-rules.ts';
import { recipes } from '../../domain/policy/service-profiles.ts';
import type { OperatorRole } from '../../domain/records/environment.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Home } from '../../ports/home.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { KeyPairs } from '../../ports/key-pairs.ts';
import type { AuthorityDirectory } from '../authorities/authority-directory.ts';
import { homeFiles } from '../first-run.ts';
import type { IssueServiceCertificate } from '../issuing/issue-service-certificate.ts';

export interface RecoverOperatorDeps {
  readonly inventory: Inventory;
  readonly home: Home;
  readonly clock: Clock;
  readonly keyPairs: KeyPairs;
  readonly directory: AuthorityDirectory;
  readonly issueServiceCertificate: IssueServiceCertificate;
}

export interface RecoveredOperator {
  /** Null: there was no such operator. */
  readonly previousRole: OperatorRole | null;
  readonly serial: string;
  /** Unix seconds. */
  readonly notAfter: number;
  /** Files of the home. */
  readonly written: readonly string[];
  /** What they held before, under its new names. */
  readonly keptAside: readonly string[];
}

/**
 * Whatever the operator was, it is an admin when this resolves, with a certificate for a new key in `admin/`. What lay
 * there is kept aside first; a crash between the two files leaves the old pair aside and is mended by doing it again.
 * Nothing is revoked. Only for who holds the home's lock and has opened its vault.
 */
export async function recoverOperator(deps: RecoverOperatorDeps, name: string): Promise<RecoveredOperator> {
  if (!isOperatorName(name)) throw new RangeError(`not a name of an operator: ${name}`);
  const previousRole = (await deps.inventory.operator(name))?.role ?? null;
  const pair = await deps.keyPairs.exportable('ec-p256');
  const { record, der } = await certify(deps, name, { publicKeyDer: pair.publicKeyDer, previousRole });
  const keptAside = await keepAside(deps, [homeFiles.adminKey, homeFiles.adminCertificate]);
  // The certificate last: its presence says that the key beside it is its own.
  await deps.home.write(homeFiles.adminKey, pair.privateKeyPem, 0o600);
  await deps.home.write(homeFiles.adminCertificate, encodePem('CERTIFICATE', der), 0o644);
  const written = [homeFiles.adminKey, homeFiles.adminCertificate];
  return { previousRole, serial: record.serial, notAfter: record.notAfter, written, keptAside };
}

async function certify(
  deps: RecoverOperatorDeps,
  name: string,
  { publicKeyDer, previousRole }: { publicKeyDer: Uint8Array; previousRole: OperatorRole | null },
): ReturnType<IssueServiceCertificate> {
  const at = deps.clock.now();
  return deps.issueServiceCertificate({
    recipe: recipes.operator,
    issuer: await deps.directory.inForce('system'),
    owner: name,
    publicKeyDer,
    commonName: name,
    names: [],
    holder: {
      kind: 'recovered',
      operator: { name, role: 'admin', createdAt: at },
      audit: {
        at,
        kind: 'operator.recovered',
        actor: 'service',
        object: `operator:${name}`,
        details: { role: 'admin', previousRole },
      },
    },
  });
}

/** `admin/admin.key` as it was becomes `admin/admin.key.20261121T070000123Z`. */
async function keepAside({ home, clock }: RecoverOperatorDeps, names: readonly string[]): Promise<readonly string[]> {
  const stamp = new Date(clock.now()).toISOString().replace(/[-:.]/g, '');
  const kept: string[] = [];
  for (const name of names) {
    if (!(await home.exists(name))) continue;
    const aside = `${name}.${stamp}`;
    await home.write(aside, await home.read(name), name === homeFiles.adminKey ? 0o600 : 0o644);
    kept.push(aside);
  }
  return kept;
}
