/** Judges a list that was made elsewhere, before it is served for its issuer: every reason why not. */
import { CaError, type Reason, type ReasonCode } from '../errors.ts';
import type { ForeignCertificate } from '../x509/certificate.ts';
import { isInScope } from '../x509/crl-scope.ts';
import { formatName } from '../x509/name.ts';
import { verifySignature } from '../x509/public-key.ts';
import type { ForeignCrl } from '../x509/read-crl.ts';
import { findSignatureAlgorithm } from '../x509/signature-algorithm.ts';
import { algorithmFault } from './judge-chain.ts';
import { printable } from './printable.ts';

export interface CrlToJudge {
  readonly crl: ForeignCrl;
  readonly issuer: Pick<ForeignCertificate, 'subject' | 'subjectKeyIdentifier' | 'publicKey'>;
  /** Unix seconds. */
  readonly now: number;
  /** The one that is served; null before the first. */
  readonly served: Pick<ForeignCrl, 'crlNumber' | 'thisUpdate'> | null;
  /** Of which it is to say whether they are revoked. */
  readonly about: readonly Pick<ForeignCertificate, 'subject' | 'basicConstraints' | 'extensions'>[];
}

/** Empty when it will do. */
export async function judgeCrl(input: CrlToJudge): Promise<readonly Reason[]> {
  const reasons: Reason[] = [];
  const complain = (code: ReasonCode, message: string, value: string): void => {
    reasons.push({ code, message, field: 'crl', value });
  };
  judgeIssuer(input, complain);
  judgeScope(input, complain);
  judgeTime(input, complain);
  await judgeSignature(input, complain);
  return reasons;
}

type Complain = (code: ReasonCode, message: string, value: string) => void;

function judgeIssuer({ crl, issuer }: CrlToJudge, complain: Complain): void {
  const named = crl.authorityKeyIdentifier;
  const own = issuer.subjectKeyIdentifier;
  const isNamed = Buffer.compare(crl.issuer.der, issuer.subject.der) === 0;
  const isKeyed = !named || !own || Buffer.compare(named, own) === 0;
  if (isNamed && isKeyed) return;
  const value = printable(formatName(crl.issuer), 200);
  complain('crlOfAnother', isNamed ? 'It is of another key of its issuer.' : 'Another authority issued it.', value);
}

/** RFC 5280 §6.3.3 (b): whoever checks a certificate passes over a list that does not speak of it, and has none. */
function judgeScope({ crl, about }: CrlToJudge, complain: Complain): void {
  for (const certificate of about) {
    if (isInScope(crl.scope, certificate)) continue;
    const value = printable(formatName(certificate.subject), 200);
    complain('crlOfOthers', 'Its issuingDistributionPoint leaves out a certificate that it is to speak of.', value);
  }
}

function judgeTime({ crl, now, served }: CrlToJudge, complain: Complain): void {
  const text = (seconds: number): string => new Date(seconds * 1000).toISOString();
  if (crl.thisUpdate > now) complain('crlNotYetValid', 'Its thisUpdate is in the future.', text(crl.thisUpdate));
  if (crl.nextUpdate <= now) complain('crlExpired', 'Its nextUpdate is over.', text(crl.nextUpdate));
  if (!served) return;
  const areNumbered = crl.crlNumber !== undefined && served.crlNumber !== undefined;
  // RFC 5280 §5.2.3: a newer list has a higher number.
  if (areNumbered && crl.crlNumber <= served.crlNumber) {
    complain('crlOlder', `Its number is not above ${served.crlNumber}, which is served.`, String(crl.crlNumber));
  }
  if (areNumbered ? crl.thisUpdate < served.thisUpdate : crl.thisUpdate <= served.thisUpdate) {
    complain(
      'crlOlder',
      `It was made before the one that is served, of ${text(served.thisUpdate)}.`,
      text(crl.thisUpdate),
    );
  }
}

async function judgeSignature({ crl, issuer }: CrlToJudge, complain: Complain): Promise<void> {
  const fault = algorithmFault(crl.algorithmDer);
  if (fault) complain('weakSignatureAlgorithm', fault.message, fault.value);
  const algorithm = findSignatureAlgorithm(crl.algorithmDer);
  if (!algorithm) return;
  const { tbs, signature } = crl;
  const isSigned = await verifySignature({ tbs, signature, algorithm, publicKey: issuer.publicKey() }).catch(
    (error: unknown) => {
      if (error instanceof CaError) return false;
      throw error;
    },
  );
  if (!isSigned) complain('crlSignature', 'Its issuer did not sign it.', printable(formatName(crl.issuer), 200));
}
