/** A public service in Node: everybody may ask for prices, and who shows the right certificate gets more. */
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** All of one set: the link is followed once, so that a switch in between cannot bring a key and another's certificate. */
function credential() {
  const set = realpathSync(fileURLToPath(new URL('tls/catalog/current', import.meta.url)));
  const read = (name) => readFileSync(join(set, name));
  return { key: read('key.pem'), cert: read('fullchain.pem'), ca: read('trust.pem') };
}

/** Who a request is from: nobody, a name that the organisation vouches for, or somebody whose certificate is not believed. */
function callerOf({ socket }) {
  const certificate = socket.getPeerCertificate();
  if (certificate.subject === undefined) return { name: null };
  if (!socket.authorized) return { refused: socket.authorizationError };
  return { name: certificate.subjectaltname.match(/^DNS:([^,]+)$/)?.[1] ?? null };
}

/** Asks billing, each with its own certificate: billing believes us as we believe billing. */
function askBilling(path) {
  const target = { host: '127.0.0.1', port: 8552, servername: 'billing.acme.internal' };
  return new Promise((resolve, reject) => {
    const asked = request({ ...target, path, ...credential(), agent: false }, (answer) => {
      let body = '';
      answer.on('data', (chunk) => {
        body += chunk;
      });
      answer.on('end', () => resolve(`${answer.statusCode} ${body}`));
    });
    asked.on('error', reject).end();
  });
}

const routes = {
  '/prices': async () => [200, 'a shovel is 12\n'],
  '/wholesale': async ({ name }) =>
    name === 'billing.acme.internal' ? [200, 'a shovel is 7\n'] : [403, 'for billing alone\n'],
  '/discount': async () => [200, `billing says: ${await askBilling('/discount')}`],
};

async function answer(asked, reply) {
  const caller = callerOf(asked);
  const route = routes[asked.url];
  // A certificate that is not believed is never taken for none.
  const [status, text] = caller.refused
    ? [400, `${caller.refused}\n`]
    : route
      ? await route(caller).catch((error) => [502, `${error.code}\n`])
      : [404, 'no such page\n'];
  reply.writeHead(status, { 'content-type': 'text/plain' }).end(text);
}

// Optional: a certificate is asked for, and judged per page above.
const options = () => ({ ...credential(), minVersion: 'TLSv1.2', requestCert: true, rejectUnauthorized: false });
const server = createServer(options(), answer);
server.listen(8551, '127.0.0.1', () => {
  writeFileSync(new URL('catalog.pid', import.meta.url), `${process.pid}\n`);
  console.log('catalog is ready');
});
process.on('SIGHUP', () => {
  server.setSecureContext(options());
  console.log('catalog has new files');
});
