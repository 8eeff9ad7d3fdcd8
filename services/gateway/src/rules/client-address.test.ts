import { describe, expect, test } from 'vitest';
import { addressGroup, clientAddress } from './client-address.ts';

const trusted = (address: string) => address.startsWith('10.') || address === 'fd00::1';

describe('clientAddress', () => {
  test.each([
    ['no proxy', '203.0.113.9', undefined, '203.0.113.9'],
    ['a header from the client itself', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['a trusted proxy', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['two trusted proxies', '10.0.0.1', '198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['a claim left of what the proxy saw', '10.0.0.1', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
    ['only trusted ones', '10.0.0.1', '10.0.0.3', '10.0.0.3'],
    ['rubbish', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['rubbish before a proxy', '10.0.0.1', '<script>, 10.0.0.2', '10.0.0.2'],
    ['an empty header', '10.0.0.1', '', '10.0.0.1'],
    ['with a port', '10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
    ['IPv6', 'fd00::1', '2001:db8::5', '2001:db8::5'],
    ['IPv6 with a port', 'fd00::1', '[2001:db8::5]:4711', '2001:db8::5'],
    ['a dual-stack socket', '::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
  ])('%s', (_name, peer, forwardedFor, expected) => {
    expect(clientAddress(peer, forwardedFor, trusted)).toBe(expected);
  });
});

describe('addressGroup', () => {
  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s → %s', (address, group) => {
    expect(addressGroup(address)).toBe(group);
  });
});
