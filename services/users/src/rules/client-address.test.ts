import fc from 'fast-check';
import { expect, test } from 'vitest';
import { networkOf } from './client-address.ts';

test.each([
  ['203.0.113.7', '203.0.113.0/24'],
  ['203.0.113.255', '203.0.113.0/24'],
  ['0.0.0.0', '0.0.0.0/24'],
  ['::ffff:203.0.113.7', '203.0.113.0/24'],
  ['::FFFF:cb00:7107', '203.0.113.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002:0000:0000:0000:0001', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['1::', '1:0:0:0::/64'],
])('%s lies in %s', (address, network) => expect(networkOf(address)).toBe(network));

test.each([
  '',
  'localhost',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.4.',
  '256.0.0.1',
  '01.2.3.4',
  '1.2.3.4, 5.6.7.8',
  '1.2.3.4:80',
  '[::1]',
  'fe80::1%eth0',
  ':::',
  '1:2:3:4:5:6:7:8:9',
  'x'.repeat(1000),
])('%j is no address', (text) => expect(networkOf(text)).toBeUndefined());

test('two addresses of one /24 are one network, and other text never fails', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.nat(255), (address, last) => {
      const neighbour = [...address.split('.').slice(0, 3), last].join('.');
      expect(networkOf(neighbour)).toBe(networkOf(address));
    }),
  );
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      expect(networkOf(address)).toMatch(/\/(24|64)$/);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => networkOf(text)).not.toThrow();
    }),
  );
});
