/** For supertest: the body of an answer as the bytes that came, whatever its media type. */
type Parse = (response: NodeJS.ReadableStream, done: (error: null, body: Buffer) => void) => void;

const collect: Parse = (response, done) => {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer | string) => chunks.push(Buffer.from(chunk as string, 'latin1')));
  response.on('end', () => done(null, Buffer.concat(chunks)));
};

/** Pass it to `.buffer(true).parse(...)`; superagent's types know only text. */
export const asBytes = collect as never;
