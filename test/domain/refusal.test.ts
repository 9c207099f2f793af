import { describe, expect, it } from 'vitest';
import type { ReasonCode } from '../../src/domain/errors.ts';
import { refuse, refuseIfAny } from '../../src/domain/refusal.ts';

const reasons = (...codes: readonly ReasonCode[]) => codes.map((code) => ({ code, message: `It is ${code}.` }));

describe('refuse', () => {
  it('says the one reason there is', () => {
    const refusal = { code: 'badPublicKey', message: 'It is badCurve.', reasons: reasons('badCurve') };
    expect(() => refuse(reasons('badCurve'))).toThrow(expect.objectContaining(refusal));
  });

  it('keeps the kind that several reasons share, and is compound for several kinds', () => {
    const oneKind = { code: 'rejectedIdentifier', reasons: reasons('badUri', 'idnNotAllowed') };
    expect(() => refuse(reasons('badUri', 'idnNotAllowed'))).toThrow(expect.objectContaining(oneKind));
    const twoKinds = { code: 'compound', reasons: reasons('badUri', 'badSignature') };
    expect(() => refuse(reasons('badUri', 'badSignature'))).toThrow(expect.objectContaining(twoKinds));
  });
});

describe('refuseIfAny', () => {
  it('lets pass what has no reason against it', () => {
    expect(() => refuseIfAny([])).not.toThrow();
    expect(() => refuseIfAny(reasons('noNames'))).toThrow(expect.objectContaining({ code: 'rejectedIdentifier' }));
  });
});
