import { describe, expect, it } from 'vitest';
import { alertId, alertKinds, alertSeverity, alertSummary } from '../../../src/domain/alerts/alert.ts';
import { condition } from '../../support/alert-builders.ts';

describe('an alert', () => {
  it('has one id for one condition, whatever is counted', () => {
    expect(alertId(condition({ count: 1 }))).toBe(alertId(condition({ count: 2 })));
    const ids = [7, 1].map((withinDays) => alertId(condition({ kind: 'certificatesExpiring', withinDays })));
    expect(ids).toEqual(['certificatesExpiring:dev/demo:7', 'certificatesExpiring:dev/demo:1']);
  });

  it('is critical when clients fail within a day', () => {
    const critical = [condition({ kind: 'crlStale' }), condition({ kind: 'certificatesExpiring', withinDays: 1 })];
    critical.push(condition({ kind: 'importedCrlEnding', withinDays: 0 }));
    const warnings = [
      condition({ kind: 'importedCrlEnding', withinDays: 7 }),
      condition({ kind: 'importedCrlMissing' }),
      condition(),
      condition({ kind: 'certificatesExpiring', withinDays: 2 }),
    ];
    expect(new Set(critical.map(alertSeverity))).toEqual(new Set(['critical']));
    expect(new Set(warnings.map(alertSeverity))).toEqual(new Set(['warning']));
  });

  it.each(alertKinds)('of %s says of what, and counts in words that fit', (kind) => {
    const one = alertSummary(condition({ kind, count: 1, withinDays: 1 }));
    expect(one).toContain('dev/demo');
    expect(one).not.toMatch(/undefined|null|1 certificates|are not/);
    const many = alertSummary(condition({ kind, count: 3, withinDays: 7 }));
    if (!/crl/i.test(kind)) expect(many).toMatch(/3 certificates (of dev\/demo|were)/);
  });
});
