import { chmodSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openWebhookSender } from '../../../src/adapters/webhook-https/open-webhook-sender.ts';
import { StartError } from '../../../src/domain/errors.ts';
import { system } from '../../support/face-tls.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
const secret = `whsec_${'QUJD'.repeat(10)}`;

function written(name: string, text: string, mode = 0o600): string {
  const path = folder(name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('the settings of webhooks', () => {
  it('open a sender', async () => {
    const sender = await openWebhookSender({
      urls: [
        'https://hooks.example.org/x',
        'https://10.1.2.3/x',
        'http://[::1]:8080/x',
        'http://hooks.internal/x',
        'https://1.1.1.1/',
      ],
      secretFile: written('good', `${secret}\n`),
      trustFile: written('trust.pem', system.pem, 0o644),
      allowedRanges: ['10.0.0.0/8', '::1/128'],
    });
    await sender.close();
    await (await openWebhookSender({ urls: [], allowedRanges: [] })).close();
  });

  it.each([
    ['a secret that others can read', () => ({ secretFile: written('open', secret, 0o644) })],
    ['a secret that the group can write', () => ({ secretFile: written('group', secret, 0o660) })],
    ['no such file', () => ({ secretFile: folder('missing') })],
    ['a folder', () => ({ secretFile: folder('.') })],
    ['a secret that is none', () => ({ secretFile: written('bad', 'hunter2') })],
    ['a secret that is too long to be read', () => ({ secretFile: written('l', `whsec_${'QUJD'.repeat(1100)}`) })],
    ['trust that is no certificate', () => ({ trustFile: written('not.pem', 'x') })],
    ['the address of a cloud’s metadata', () => ({ urls: ['https://169.254.169.254/whsec_Q'] })],
    ['a loopback address, written otherwise', () => ({ urls: ['https://0x7f.1/whsec_Q'] })],
    ['a loopback address of IPv6', () => ({ urls: ['https://[::1]/whsec_Q'], allowedRanges: ['10.0.0.0/8'] })],
    ['an address that there is not', () => ({ urls: ['https://999.1.1.1/whsec_Q'] })],
    ['a public address without TLS', () => ({ urls: ['http://1.1.1.1/whsec_Q'], allowedRanges: ['10.0.0.0/8'] })],
    ['a name without TLS, and no ranges', () => ({ urls: ['http://hooks.example.org/whsec_Q'] })],
    ['a range with bits behind its prefix', () => ({ allowedRanges: ['10.1.2.3/8'] })],
    ['an address without a prefix', () => ({ allowedRanges: ['10.1.2.3'] })],
  ])('stop the start with %s, and never show a secret', async (_what, settings) => {
    const error = await rejectionOf(openWebhookSender({ urls: [], allowedRanges: [], ...settings() }));
    expect(error).toBeInstanceOf(StartError);
    expect(error).toMatchObject({ code: 'badConfiguration' });
    expect((error as Error).message).not.toMatch(/hunter2|whsec_Q/);
  });
});
