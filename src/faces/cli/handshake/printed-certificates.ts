/**
 * Takes what OpenSSL prints of a certificate in words out of its trace. Whoever made the certificate wrote some of these words:
 * an extension may hold lines that look like messages of the handshake, or like another certificate.
 */

/** Of each certificate only its PEM is left; nothing of the rest of the text where that is not to be found, as of one in BER. */
export function withoutWords(text: string): string {
  const announced = /^ +ASN\.1Cert, length=(\d+)\n/gm;
  let kept = '';
  let at = 0;
  for (let found = announced.exec(text); found; found = announced.exec(text)) {
    kept += text.slice(at, announced.lastIndex);
    const pem = pemOf(Number(found[1]), text, announced.lastIndex);
    if (!pem) return kept;
    kept += pem[0];
    at = pem.index + pem[0].length;
    announced.lastIndex = at;
  }
  return kept + text.slice(at);
}

/** No certificate holds the PEM of one that is as long as itself, so that the first of this length is its own. */
function pemOf(length: number, text: string, from: number): RegExpExecArray | undefined {
  const block = /^-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)-----END CERTIFICATE-----\n/gm;
  block.lastIndex = from;
  for (let found = block.exec(text); found; found = block.exec(text)) {
    if (Buffer.from(found[1]!, 'base64').length === length) return found;
  }
  return undefined;
}
