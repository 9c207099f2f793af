/** Demands for certificate policies in a chain that was made elsewhere, judged as openssl judges what is issued below it. */
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contextTag } from '../../../src/domain/der/tag.ts';
import { oid, sequence, smallInteger, tlv } from '../../../src/domain/der/writer.ts';
import { judgePolicyConstraints } from '../../../src/domain/policy/judge-policy-constraints.ts';
import { parseForeignCertificate } from '../../../src/domain/x509/certificate.ts';
import { extension } from '../../../src/domain/x509/extensions.ts';
import { inhibitAnyPolicy, makeCorporateCa, requireExplicitPolicy } from '../../support/external-chain.ts';
import { itWith, run } from '../../support/judges.ts';
import { suiteFolder } from '../../support/suite-folder.ts';
import { makeTestCertificate, testNow } from '../../support/test-hierarchy.ts';

const folder = suiteFolder();

const skip = (number: number, value: number): Uint8Array =>
  tlv(contextTag(number, false), smallInteger(value).subarray(2));
const policyConstraints = (critical: boolean, ...fields: readonly Uint8Array[]): Uint8Array =>
  extension(oid('2.5.29.36'), sequence(...fields), critical);

/** An intermediate with `more`, and `deeper` an authority below it, with the reasons against them. */
function chainWith(more: readonly Uint8Array[], deeper = false) {
  const { root, intermediate } = makeCorporateCa(testNow, { intermediate: { more } });
  const lowest = deeper
    ? makeTestCertificate({
        now: testNow,
        issuer: intermediate,
        commonName: 'Lowest',
        basicConstraints: { ca: true, pathLen: 0 },
        keyUsage: ['keyCertSign', 'cRLSign'],
      })
    : intermediate;
  const { extensions } = parseForeignCertificate(intermediate.der);
  return { root, intermediate, lowest, reasons: judgePolicyConstraints(extensions, deeper ? 1 : 0, 'chain[0]') };
}

/** What openssl says of a certificate without policies below it, when it looks at policies. */
async function byOpenssl({ root, intermediate, lowest }: ReturnType<typeof chainWith>): Promise<boolean> {
  const leaf = makeTestCertificate({
    now: testNow,
    issuer: lowest,
    commonName: 'a.dev',
    keyUsage: ['digitalSignature'],
  });
  writeFileSync(folder('root.pem'), root.pem);
  writeFileSync(folder('between.pem'), intermediate.pem + lowest.pem);
  writeFileSync(folder('leaf.pem'), leaf.pem);
  const files = ['-CAfile', folder('root.pem'), '-untrusted', folder('between.pem'), folder('leaf.pem')];
  const { code } = await run('openssl', ['verify', '-policy_check', '-attime', String(testNow), ...files]);
  return code === 0;
}

describe('a demand for an explicit policy', () => {
  const demands = [0, 1, 2, 3].flatMap((skipCerts) => [false, true].map((deeper) => ({ skipCerts, deeper })));

  for (const { skipCerts, deeper } of demands) {
    const where = deeper ? 'above another authority' : 'above certificates';
    itWith('openssl', `of ${skipCerts} ${where} is refused if and only if openssl refuses what is below`, async () => {
      const chain = chainWith([requireExplicitPolicy(skipCerts)], deeper);
      expect(chain.reasons.length === 0).toBe(await byOpenssl(chain));
    });
  }

  it('is named, with its number and what would do', () => {
    const [reason] = chainWith([requireExplicitPolicy(1)], true).reasons;
    expect(reason).toMatchObject({
      code: 'explicitPolicyRequired',
      field: 'chain[0]',
      value: 'requireExplicitPolicy 1',
    });
    expect(reason?.message).toContain('3 or more would do');
  });

  it('is refused although it is not critical: a validator that knows it obeys it', () => {
    const chain = chainWith([policyConstraints(false, skip(0, 0))]);
    expect(chain.reasons).toMatchObject([{ code: 'explicitPolicyRequired' }]);
  });
});

describe('what speaks only of policies that nobody has', () => {
  itWith('openssl', 'forbids no certificate without any', async () => {
    const chain = chainWith([policyConstraints(true, skip(1, 0)), inhibitAnyPolicy()]);
    expect(chain.reasons).toEqual([]);
    expect(await byOpenssl(chain)).toBe(true);
  });
});

describe('what cannot be read', () => {
  it.each([
    ['an empty policyConstraints', policyConstraints(true)],
    ['a negative number', policyConstraints(true, tlv(contextTag(0, false), new Uint8Array([0x80])))],
    ['a number that is not minimal', policyConstraints(true, tlv(contextTag(0, false), new Uint8Array([0, 1])))],
    ['an inhibitAnyPolicy that is no number', extension(oid('2.5.29.54'), sequence(), true)],
  ])('as %s is refused as such', (_what, flawed) => {
    expect(chainWith([flawed]).reasons).toMatchObject([{ code: 'badCertificate', field: 'chain[0]' }]);
  });

  it('is not a number larger than any path: that demands nothing', () => {
    const large = policyConstraints(true, tlv(contextTag(0, false), new Uint8Array([0x7f, 1, 1, 1, 1, 1])));
    expect(chainWith([large]).reasons).toEqual([]);
  });
});
