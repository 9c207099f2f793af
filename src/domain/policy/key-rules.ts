/** Key rules: what a well-encoded public key must also be before anything, even its own signature, is computed with it. */
import type { Reason, ReasonCode } from '../errors.ts';
import type { RsaNumbers, SubjectPublicKey } from '../x509/public-key.ts';
import { hasCloseFactors } from './fermat.ts';
import type { IsKnownWeakKey } from './known-weak-keys.ts';
import { hasRocaFingerprint } from './roca.ts';
import { residuesOf } from './rsa-residues.ts';

/**
 * Every rule that the key breaks; none for EC and Ed25519 keys, whose reading already checked the point.
 * RSA keys were bounded to 2048 to 8192 bits when they were read, so what is computed here is bounded, too.
 */
export function checkKeyRules(key: SubjectPublicKey, isKnownWeakKey: IsKnownWeakKey): Reason[] {
  if (!key.rsa) return [];
  return [...checkExponent(key.rsa), ...checkModulus(key.rsa, isKnownWeakKey)];
}

/** 65537 and nothing else: under e = 1 anyone signs for any key, 3 and its like break with careless padding. */
function checkExponent({ exponent }: RsaNumbers): Reason[] {
  const isF4 = exponent.length === 3 && exponent[0] === 1 && exponent[1] === 0 && exponent[2] === 1;
  return isF4 ? [] : [reason('rsaExponent', 'The RSA exponent is not 65537.')];
}

function checkModulus({ modulus }: RsaNumbers, isKnownWeakKey: IsKnownWeakKey): Reason[] {
  if ((modulus.at(-1)! & 1) === 0) return [reason('rsaModulusForm', 'The RSA modulus is even.')];
  const n = BigInt(`0x${Buffer.from(modulus).toString('hex')}`);
  const residues = residuesOf(n);
  if (residues.includes(0)) return [reason('weakKeySmallFactor', 'The RSA modulus has a small prime factor.')];
  const found: Reason[] = [];
  if (hasRocaFingerprint(residues)) {
    found.push(reason('weakKeyRoca', 'The RSA key was made by a chip with the ROCA flaw (CVE-2017-15361).'));
  }
  if (isKnownWeakKey(modulus)) {
    found.push(
      reason('weakKeyDebian', 'The RSA key is one of the few that a flawed OpenSSL could make (CVE-2008-0166).'),
    );
  }
  if (hasCloseFactors(n)) found.push(reason('weakKeyFermat', 'The prime factors of the RSA modulus lie too close.'));
  return found;
}

const reason = (code: ReasonCode, message: string): Reason => ({ code, message, field: 'csr.publicKey' });
