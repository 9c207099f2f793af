/** Every act on one connection, sharing its audit chain and its counts. */
import type { Statements } from '../lazy-statements.ts';
import type { Acts } from './acts.ts';
import { alertActs } from './alert-acts.ts';
import { archiveActs } from './archive-acts.ts';
import { auditActs } from './audit-acts.ts';
import { openAuditChain } from './audit-chain.ts';
import { authorityActs } from './authority-acts.ts';
import { campaignActs } from './campaign-acts.ts';
import { catchUpAct } from './catch-up-act.ts';
import { compromiseActs } from './compromise-acts.ts';
import { deploymentActs } from './deployment-acts.ts';
import { externalActs } from './external-acts.ts';
import { issuanceActs } from './issuance-acts.ts';
import { operatorActs } from './operator-acts.ts';
import { productActs, tokenActs } from './product-acts.ts';
import { profileActs } from './profile-acts.ts';
import { quotaCounts } from './quota-counts.ts';
import { registryActs } from './registry-acts.ts';
import { requestActs } from './request-acts.ts';
import { restorationActs } from './restoration-acts.ts';
import { revocationActs } from './revocation-acts.ts';
import { rotationActs } from './rotation-acts.ts';
import { supersessionActs } from './supersession-acts.ts';

export interface AllActs {
  readonly acts: Acts;
  /** What was kept in memory may be wrong: a transaction was rolled back, or another connection has committed. */
  forget(): void;
}

export function allActs(statements: Statements): AllActs {
  const audit = openAuditChain(statements);
  const quotas = quotaCounts(statements);
  const issuing = issuanceActs(statements, audit, quotas);
  const compromises = compromiseActs(statements, audit, issuing);
  return {
    acts: {
      ...issuing,
      ...externalActs(statements, audit, issuing),
      ...catchUpAct(statements),
      revokeSharers: compromises.revokeSharers,
      ...revocationActs(statements, audit, compromises),
      ...deploymentActs(statements, audit),
      ...alertActs(statements, audit),
      ...supersessionActs(statements, audit),
      ...campaignActs(statements, audit),
      ...registryActs(statements, audit),
      ...authorityActs(statements, audit),
      ...rotationActs(statements, audit),
      ...profileActs(statements, audit),
      ...productActs(statements, audit),
      ...tokenActs(statements, audit),
      ...requestActs(statements, audit),
      ...operatorActs(statements, audit),
      ...restorationActs(statements, audit, { ...compromises, ...issuing }),
      ...archiveActs(statements, audit),
      ...auditActs(statements, audit),
    },
    forget() {
      audit.forgetHead();
      quotas.forget();
    },
  };
}
