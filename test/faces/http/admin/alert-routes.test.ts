/** The open alerts, as the admin face tells them. */
import { describe, expect, it } from 'vitest';
import { alertKinds } from '../../../../src/domain/alerts/alert.ts';
import { alert } from '../../../support/alert-builders.ts';
import { openAdmin } from '../../../support/open-admin.ts';

describe('GET /v1/alerts', () => {
  it('says what is open, since when, and where its certificates are listed', async () => {
    const { send } = await openAdmin({ listAlerts: async () => [alert()] }, 'auditor');
    const { status, json } = await send('GET', '/v1/alerts');
    expect([status, json]).toEqual([
      200,
      {
        items: [
          {
            id: 'rotationOverdue:dev/demo',
            kind: 'rotationOverdue',
            severity: 'warning',
            subject: 'dev/demo',
            withinDays: null,
            count: 2,
            openedAt: '2026-01-01T00:00:00.000Z',
            summary: '2 certificates of dev/demo should have been rotated by now.',
            certificates: '/v1/certificates?product=dev%2Fdemo&rotation=overdue',
          },
        ],
        nextCursor: null,
      },
    ]);
  });

  it.each(alertKinds)('lists what %s is about with a question that is answered', async (kind) => {
    const { send } = await openAdmin({ listAlerts: async () => [alert({ kind, withinDays: 1 })] });
    const [item] = (await send('GET', '/v1/alerts')).json.items;
    if (['crlStale', 'importedCrlEnding', 'importedCrlMissing', 'campaignOverdue'].includes(kind))
      expect(item.certificates).toBeNull();
    else expect((await send('GET', item.certificates)).status).toBe(200);
  });

  it('takes no filter', async () => {
    const { send } = await openAdmin();
    expect((await send('GET', '/v1/alerts?kind=crlStale')).status).toBe(400);
  });
});
