/** A service of a product: `node service.mjs NAME PORT` greets callers of its own environment, and nobody else. */
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [name, port] = process.argv.slice(2);

/**
 * All of one set: the link is followed once. With `crl` Node wants a list of every authority in a caller's chain, and
 * reads only the first of each text that it is given.
 */
function options() {
  const set = realpathSync(fileURLToPath(new URL(`tls/${name}/current`, import.meta.url)));
  const read = (file) => readFileSync(join(set, file), 'utf8');
  const lists = read('crl.pem').match(/^-----BEGIN.*?^-----END.*?$/gms);
  const own = { key: read('key.pem'), cert: read('fullchain.pem') };
  return { ...own, ca: read('trust.pem'), crl: lists, requestCert: true, rejectUnauthorized: false };
}

// Judged here and not in the handshake, so that whoever is refused is told why; nothing else is said to them.
const server = createServer(options(), ({ socket }, reply) => {
  if (!socket.authorized) reply.writeHead(403).end(`${name} refuses: ${socket.authorizationError}\n`);
  else reply.end(`${name} greets ${socket.getPeerCertificate().subject.CN}\n`);
});
server.listen(Number(port), '127.0.0.1', () => {
  writeFileSync(new URL(`${name}.pid`, import.meta.url), `${process.pid}\n`);
  console.log(`${name} is ready`);
});
process.on('SIGHUP', () => server.setSecureContext(options()));
