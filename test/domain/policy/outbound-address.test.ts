import { describe, expect, it } from 'vitest';
import { parseCidr } from '../../../src/domain/policy/cidr-range.ts';
import { judgeAddress } from '../../../src/domain/policy/outbound-address.ts';

describe('an address to connect to', () => {
  it.each(['1.1.1.1', '93.184.215.14', '2606:4700:4700::1111', '2a00:1450::1', '::ffff:8.8.8.8', '64:ff9b::808:808'])(
    'may be %s',
    (address) => {
      expect(judgeAddress(address, [])).toBe('public');
    },
  );

  it.each([
    ...[
      '127.0.0.1',
      '127.9.9.9',
      '0.0.0.0',
      '10.1.2.3',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '169.254.169.254',
    ],
    ...['100.64.0.1', '192.0.0.8', '198.18.0.1', '224.0.0.1', '255.255.255.255', '203.0.113.9'],
    ...['::', '::1', '::ffff:127.0.0.1', '::ffff:169.254.169.254', '::7f00:1', '64:ff9b::a00:1', '64:ff9b:1::1'],
    ...['fd00::1', 'fe80::1', 'fec0::1', 'ff02::1', '2001:db8::1', '2002:7f00:1::', '2001::1', '100::1'],
    ...['fe80::1%eth0', 'localhost', '', '127.1', '0x7f.0.0.1'],
  ])('may not be %s', (address) => {
    expect(judgeAddress(address, [])).toBeUndefined();
  });

  it('may be private where that is configured, and only there, however it is written', () => {
    const configured = ['10.1.2.0/24', '::1/128'].map((text) => parseCidr(text)!);
    const judge = (address: string) => judgeAddress(address, configured);
    expect(['10.1.2.3', '::ffff:10.1.2.3', '::1'].map(judge)).toEqual(['configured', 'configured', 'configured']);
    expect(['10.1.3.1', '127.0.0.1', '::2'].map(judge)).toEqual([undefined, undefined, undefined]);
  });
});
