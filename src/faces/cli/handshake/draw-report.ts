/** What a terminal shows of a handshake: the diagram, both chains, who verified what, and what is wrong. */
import { foldLine, foldText } from '../terminal/fold.ts';
import { timeInWords } from '../terminal/words.ts';
import { type CertificateFacts, factsOfChain, nameOf } from './certificate-facts.ts';
import { isAccepted, type Trouble } from './diagnose.ts';
import { drawLadder, type ReportPage } from './draw-ladder.ts';
import { revocationInWords } from './revocation.ts';
import { lifelines, rowsOf } from './rows.ts';
import { askedForCertificate, chainOf, refusalOf, type Seen, type Side, sent } from './seen.ts';
import { stepsInWords } from './trouble.ts';

export function drawReport(seen: Seen, troubles: readonly Trouble[], { paint, columns }: ReportPage): string[] {
  const fold = (line: string): string[] => foldLine(line, columns);
  const rows = rowsOf(seen);
  return [
    ...(rows.length > 0 ? [...drawLadder(lifelines(seen), rows, { paint, columns }), ''] : []),
    ...[...chainLines(seen, 'server'), ...chainLines(seen, 'client'), ...verified(seen)].flatMap(fold),
    ...troubles.flatMap((trouble) => troubleLines(trouble, { paint, columns })),
    ...(troubles.length === 0 ? [`${paint('green', '✓')} The handshake succeeded.`] : []),
  ];
}

function troubleLines({ step, why, next }: Trouble, { paint, columns }: ReportPage): string[] {
  const room = columns && columns - 2;
  const [first = '', ...rest] = [`${stepsInWords[step]}: ${why}`, next].flatMap((text) => foldText(text, room));
  return [`${paint('red', '✗')} ${first}`, ...rest.map((line) => `  ${line}`)];
}

function chainLines(seen: Seen, side: Side): string[] {
  const facts = factsOfChain(chainOf(seen, side), seen.roots);
  if (facts.length === 0) return [];
  return [`The ${side}’s chain`, ...facts.flatMap((one) => certificateLines(one, seen)), ''];
}

function certificateLines(facts: CertificateFacts, { nowMs, trust }: Seen): string[] {
  const { subject, key, serial, names, notBefore, notAfter, ca } = facts;
  const early = Date.parse(notBefore) > nowMs ? `, valid ${timeInWords(notBefore, nowMs)}` : '';
  const expiry = `${Date.parse(notAfter) < nowMs ? 'expired' : 'expires'} ${timeInWords(notAfter, nowMs)}`;
  return [
    `  ${subject}`,
    `    ${key}, ${expiry}${early}, serial ${serial}`,
    ...(ca ? [] : [`    ${names.length > 0 ? names.join(', ') : 'no names'}; ${purposeOf(facts)}`]),
    `    ${issuerLine(facts, trust)}`,
  ];
}

function purposeOf({ forServers, forClients }: CertificateFacts): string {
  if (forServers && forClients) return 'for servers and clients';
  if (forServers) return 'for servers';
  return forClients ? 'for clients' : 'for neither servers nor clients';
}

function issuerLine({ issuer, issuedBy }: CertificateFacts, trust: string): string {
  const found: Readonly<Record<CertificateFacts['issuedBy'], string>> = {
    chain: `└ issued by ${issuer}, in this chain`,
    trusted: `└ issued by ${issuer}, trusted by ${trust}`,
    itself: '└ issued by itself',
    unknown: `└ issued by ${issuer}, which is not here`,
  };
  return found[issuedBy];
}

/** Who has checked whom, by what. */
function verified(seen: Seen): string[] {
  return [...clientVerified(seen), ...serverVerified(seen), ...revocationLines(seen), ...resumed(seen), ''].filter(
    (line, at, lines) => line !== '' || at > 0 || lines.length > 1,
  );
}

function clientVerified({ result, messages, request, trust }: Seen): string[] {
  if (!result.connected) return [];
  const scheme = messages.find(({ from, signatureScheme }) => from === 'server' && signatureScheme)?.signatureScheme;
  const key = scheme === undefined ? '' : ` (${scheme})`;
  const chain =
    result.distrust === undefined ? `its chain by ${trust}, its name ${request.servername}` : 'but not its certificate';
  return [`The client verified that the server has its key${key}, ${chain}.`];
}

function serverVerified(seen: Seen): string[] {
  if (!seen.result.connected && !askedForCertificate(seen)) return [];
  if (!askedForCertificate(seen)) return ['The server asked for no client certificate: this is not mutual TLS.'];
  const shown = chainOf(seen, 'client');
  if (shown.length === 0) {
    return refusalOf(seen)
      ? []
      : ['The server asked for a client certificate and went on without one: for TLS it is optional here.'];
  }
  const unnamed = isAccepted(seen, shown)
    ? []
    : ['The client’s issuer is none that the server named: Java’s clients would show no certificate here.'];
  if (refusalOf(seen)) return unnamed;
  const scheme = sent(seen, 'client', 'CertificateVerify')?.signatureScheme;
  return [`The server verified that the client has its key${scheme ? ` (${scheme})` : ''}, and let it in.`, ...unnamed];
}

/** Who is revoked is told among the troubles, but for a client that was let in all the same. */
function revocationLines(seen: Seen): string[] {
  const lines = seen.revocation.flatMap((said) => {
    const { side, certificate, by, word } = said;
    const subject = `The ${side}’s certificate ${nameOf(certificate.subject)}`;
    if (word.state === 'good') return [`${subject} is not revoked, says ${by}.`];
    if (word.state === 'unknown') return [`${subject}: ${by} does not tell whether it is revoked: ${word.because}.`];
    const isLetIn = side === 'client' && seen.result.connected && refusalOf(seen) === undefined;
    return isLetIn ? [`${subject} is revoked ${revocationInWords(said)}, and the server let it in all the same.`] : [];
  });
  const isUseless = seen.listsGiven > 0 && seen.revocation.length === 0;
  return isUseless ? ['No list that was given is of an issuer of these certificates.'] : lines;
}

const resumption: Readonly<Record<NonNullable<Seen['result']['resumption']>, string>> = {
  resumed: 'A second connection resumed the session: nobody’s certificate was shown or judged again.',
  full: 'A second connection was not resumed: certificates are judged at each one.',
  noTicket: 'The server offers no resumption: certificates are judged at each connection.',
  failed: 'A second connection with the session of the first failed.',
};

const resumed = ({ result }: Seen): string[] => (result.resumption ? [resumption[result.resumption]] : []);
