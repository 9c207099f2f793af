/** What the routes that issue share: how a CSR may come, and the certificate, or the request that waits, as the answer. */
import type { FastifyReply } from 'fastify';
import { SubmitBody } from '../../../api/certificate.ts';
import { PendingRequestJson } from '../../../api/request.ts';
import type { RequestRecord } from '../../../domain/records/request.ts';
import type { Submitted } from '../../../services/services.ts';
import { jsonAnswer } from '../documentation.ts';
import type { FaceDeps } from '../face-deps.ts';
import { certificateJsonText, certificatePath } from '../json/certificate-json.ts';
import { pendingRequestJson, requestPath } from '../json/request-json.ts';
import { sendCertificate, sendJson, type wantedFormat } from './certificate-formats.ts';
import { csrMediaTypes } from './csr-body.ts';

/** Only JSON has a shape to check here; the other forms are a CSR and nothing else, which csr-body.ts reads. */
export const csrBody = {
  description: 'A PKCS#10 certification request: in JSON, as DER (`application/pkcs10`) or as PEM text.',
  content: {
    'application/json': { schema: SubmitBody },
    ...Object.fromEntries(csrMediaTypes.map((mediaType) => [mediaType, { schema: {} }])),
  },
};

/** Without a wait: soon enough for a person, rare enough for a machine. */
const askAgainSeconds = 10;

export const pendingAnswer = jsonAnswer(
  'It waits for the approval of operators; `Location` is where to ask, whatever `Accept` says.',
  PendingRequestJson,
);

/** 202 (RFC 9110 §15.3.3) with the request and where it is. */
export const sendPending = (reply: FastifyReply, record: RequestRecord): FastifyReply =>
  sendJson(
    reply.code(202).headers({ location: requestPath(record.id), 'retry-after': askAgainSeconds }),
    pendingRequestJson(record),
  );

type CreatedAnswer = (
  reply: FastifyReply,
  format: ReturnType<typeof wantedFormat>,
  submitted: Submitted,
) => FastifyReply | Promise<FastifyReply>;

/** 201 with the certificate as of its issue, so that an answer that is repeated is the same, byte for byte; or 202. */
export const createdAnswer =
  ({ urls, now }: Pick<FaceDeps, 'urls' | 'now'>): CreatedAnswer =>
  (reply, format, submitted) => {
    if (submitted.kind === 'request') return sendPending(reply, submitted.request);
    const { view } = submitted;
    reply.code(201).header('location', certificatePath(view.record.serial));
    const asOf = view.record.issuedAt ?? now();
    return sendCertificate(reply, format, { ...view, json: () => certificateJsonText(view, urls, asOf) });
  };
