/** Answers what never became a request: malformed HTTP, header floods, peers too slow (RFC 9110 §15.5, RFC 9457 §4.2.1). */
import type { Socket } from 'node:net';
import type { ConnectionError } from 'fastify';
import { type AnswerErrorsDeps, parserRefused } from './answer-errors.ts';
import { problemMediaType } from './problem.ts';

interface ParserAnswer {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
}

const tooSlow: ParserAnswer = {
  status: 408,
  title: 'Request Timeout',
  detail: 'The request did not arrive in time. Send it again.',
};
const headersTooLarge: ParserAnswer = {
  status: 431,
  title: 'Request Header Fields Too Large',
  detail: 'The header fields and the path are larger than this service reads.',
};
const malformed: ParserAnswer = { status: 400, title: 'Bad Request', detail: 'This is not HTTP/1.1.' };
/** Some APIs have methods of their own, such as LIST, which Node's parser does not know. */
const unknownMethod: ParserAnswer = {
  ...malformed,
  detail: 'The request line begins with no method that this service knows. Lists are read with GET.',
};

/** All of them. */
export const preRequestProblems: readonly { readonly status: number; readonly title: string }[] = [
  malformed,
  tooSlow,
  headersTooLarge,
];

/** Failures below HTTP, such as a TLS handshake that was refused, have nobody to answer to. */
function answerTo(code: string | undefined): ParserAnswer | undefined {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return tooSlow;
  if (code === 'HPE_HEADER_OVERFLOW') return headersTooLarge;
  if (code === 'HPE_INVALID_METHOD') return unknownMethod;
  return code?.startsWith('HPE_') ? malformed : undefined;
}

/** A `clientError` listener: a small problem document if the peer can still read one, and the end of the socket. */
export function createAnswerParserError(
  deps: AnswerErrorsDeps & { newInstance(): string },
): (error: ConnectionError, socket: Socket) => void {
  return (error, socket) => {
    const answer = answerTo(error.code);
    const address = remoteAddressOf(socket);
    if (!answer || !socket.writable || hasAnswerUnderWay(socket)) {
      deps.logger.info({ code: error.code, address }, 'connection refused or lost');
      socket.destroy();
      return;
    }
    const instance = deps.newInstance();
    deps.services.countRefusal(deps.face, 'malformed');
    deps.logger.info({ id: instance, code: error.code, address, status: answer.status }, 'unreadable request');
    void audit(deps, { answer, socket, instance, address }).then(() =>
      socket.end(render(answer, instance), () => setImmediate(() => socket.destroy())),
    );
  };
}

/**
 * A socket that is closed tells its address only if it was asked while it was open. One whose TLS handshake failed never was, but the
 * plain socket below it was, which Node keeps there.
 */
const remoteAddressOf = ({ remoteAddress, _parent: below }: Socket & { readonly _parent?: Socket | null }): string =>
  remoteAddress ?? below?.remoteAddress ?? '';

/** The time-out of an idle socket refuses nothing; that of a body ends its request, which is audited as such. */
async function audit(
  deps: AnswerErrorsDeps,
  refusal: { answer: ParserAnswer; socket: Socket; instance: string; address: string },
): Promise<void> {
  const { answer, socket, instance, address } = refusal;
  if (!deps.auditRefusals || answer === tooSlow) return;
  parserRefused.add(socket);
  await deps.services.recordRefusal({
    actor: 'anonymous',
    object: 'unreadable request',
    code: 'malformed',
    details: { instance, address, status: answer.status },
  });
}

/** Node keeps the response a socket is sending there; writing into the middle of it would forge its content. */
const hasAnswerUnderWay = (socket: Socket & { _httpMessage?: { headersSent: boolean } | null }): boolean =>
  socket._httpMessage?.headersSent === true;

/** RFC 9457 §4.2.1: `about:blank` means no more than the status does. */
function render({ status, title, detail }: ParserAnswer, instance: string): string {
  const body = JSON.stringify({ type: 'about:blank', title, status, detail, instance });
  return [
    `HTTP/1.1 ${status} ${title}`,
    `Content-Type: ${problemMediaType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
