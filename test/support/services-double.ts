/** Services in memory that record what the faces asked of them: for tests of translation, where no CA is needed. */
import type { Alert } from '../../src/domain/alerts/alert.ts';
import type { KeptEvent } from '../../src/domain/audit/kept-event.ts';
import { CaError, type CaErrorCode } from '../../src/domain/errors.ts';
import { auditChainHash, auditGenesisHash, canonicalAuditEvent } from '../../src/domain/records/audit-event.ts';
import type { CertificateRecord } from '../../src/domain/records/certificate.ts';
import type { Deployment } from '../../src/domain/records/deployment.ts';
import type { Authority, OperatorRole } from '../../src/domain/records/environment.ts';
import { gauge } from '../../src/domain/records/metric.ts';
import { renderers } from '../../src/faces/http/certificate-text.ts';
import { actorOf, type Caller } from '../../src/services/caller.ts';
import type { AnsweredRequest } from '../../src/services/measurements.ts';
import type { WatchedFace } from '../../src/services/measuring-services.ts';
import type { AuthorityView, CertificateView, OperatorView, Services } from '../../src/services/services.ts';
import type { KeyCheck } from '../../src/services/vault-services.ts';
import { authoritiesDouble } from './authorities-double.ts';
