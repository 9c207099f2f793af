import { describe, expect, it } from 'vitest';
import { parseWebhookSecrets, webhookBody, webhookHeaders } from '../../../src/domain/alerts/webhook-message.ts';
import { alert } from '../../support/alert-builders.ts';
import { frozenNow } from '../../support/inventory-builders.ts';

/** Of the documentation of Standard Webhooks and its libraries. */
const vector = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: 1614265330,
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const other = `whsec_${'QUJD'.repeat(8)}`;

describe('the signature of a webhook', () => {
  it('is that of Standard Webhooks', () => {
    expect(webhookHeaders(parseWebhookSecrets(vector.secret)!, vector)).toEqual({
      'webhook-id': vector.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': vector.signature,
    });
  });

  it('is there once for each secret, so that one can follow another', () => {
    const headers = webhookHeaders(parseWebhookSecrets(`${other}\n${vector.secret}\n`)!, vector);
    expect(headers['webhook-signature']!.split(' ')).toHaveLength(2);
    expect(headers['webhook-signature']).toContain(vector.signature);
  });

  it('covers the time, the id and the body', () => {
    const secrets = parseWebhookSecrets(vector.secret)!;
    const changed = [{ timestamp: 1 }, { id: 'msg_x' }, { body: '{}' }].map(
      (change) => webhookHeaders(secrets, { ...vector, ...change })['webhook-signature'],
    );
    expect(new Set([vector.signature, ...changed]).size).toBe(4);
  });
});

describe('a file of secrets', () => {
  it.each([
    ['nothing', '\n\n'],
    ['a secret without its prefix', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    ['a short secret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILP=='],
    ['what is no base64', `whsec_${'-'.repeat(40)}`],
    ['one good and one bad', `${vector.secret}\nbad`],
    ['too many', Array.from({ length: 4 }, () => other).join('\n')],
  ])('is refused with %s', (_what, text) => {
    expect(parseWebhookSecrets(text)).toBeUndefined();
  });
});

describe('the body of a webhook', () => {
  it('says what happened to which alert', () => {
    expect(JSON.parse(webhookBody('alert.opened', alert(), frozenNow + 5))).toEqual({
      type: 'alert.opened',
      timestamp: '2026-01-01T00:00:00.005Z',
      data: {
        id: 'rotationOverdue:dev/demo',
        kind: 'rotationOverdue',
        subject: 'dev/demo',
        withinDays: null,
        count: 2,
        severity: 'warning',
        openedAt: '2026-01-01T00:00:00.000Z',
        summary: '2 certificates of dev/demo should have been rotated by now.',
      },
    });
  });
});
