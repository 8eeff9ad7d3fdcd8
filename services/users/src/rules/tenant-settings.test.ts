import { exampleTenant, tenantSettings } from '@zoco/contracts';
import { tenantId } from '@zoco/kernel';
import { describe, expect, test } from 'vitest';
import { assertOwnFields, isHostname, isOrigin, isTimeZone, withDefaults } from './tenant-settings.ts';

test('a new tenant has valid settings, and what is given wins over defaults', () => {
  const id = tenantId('acme');
  const minimal = withDefaults({ id, name: 'ACME', currency: 'USD', locale: 'en-US' });
  expect(tenantSettings.parse({ ...minimal, version: 1 })).toMatchObject({ id, active: true, hostnames: [] });
  const full = tenantSettings.parse(exampleTenant);
  const { version: _version, ...given } = full;
  expect(withDefaults(given)).toEqual(given);
});

describe('what an administrator may not set', () => {
  test.each(['active', 'rate_limits', 'hostnames', 'currency'])('%s', (field) => {
    const patch = { name: 'x', [field]: field === 'active' ? false : exampleTenant[field as 'currency'] };
    expect(() => assertOwnFields(patch)).toThrow(
      expect.objectContaining({
        status: 403,
        code: 'tenant_field_forbidden',
        errors: [expect.objectContaining({ field })],
      }),
    );
  });

  test('everything else is his', () => {
    const {
      id: _i,
      version: _v,
      active: _a,
      rate_limits: _r,
      hostnames: _h,
      currency: _c,
      ...own
    } = tenantSettings.parse(exampleTenant);
    expect(() => assertOwnFields(own)).not.toThrow();
  });
});

test.each([
  ['Europe/Madrid', true],
  ['UTC', true],
  ['America/Argentina/Buenos_Aires', true],
  ['Asia/Kolkata', true],
  ['Europe/Atlantis', false],
  ['+01:00', false],
  ['', false],
  ['Madrid', false],
  // PostgreSQL refuses these,
  ['AET', false],
  ['PNT', false],
  ['SystemV/PST8', false],
  ['US/Pacific-New', false],
  // and these are other zones there, or have no summer.
  ['IST', false],
  ['CET', false],
  ['EST', false],
  ['Etc/GMT+5', false],
])('time zone %j: %s', (name, expected) => expect(isTimeZone(name)).toBe(expected));

test.each([
  ['https://shop.example', true],
  ['http://localhost:3000', true],
  ['https://shop.example/', false],
  ['https://shop.example/path', false],
  ['https://user@shop.example', false],
  ['https://SHOP.example', false],
  ['https://shop.example:443', false],
  ['ftp://shop.example', false],
  ['*', false],
  ['null', false],
  ['javascript:alert(1)', false],
])('origin %j: %s', (text, expected) => expect(isOrigin(text)).toBe(expected));

test.each([
  ['shop.example', true],
  ['a.b-c.example', true],
  ['xn--caf-dma.example', true],
  ['Shop.example', false],
  ['localhost', false],
  ['shop.example.', false],
  ['-a.example', false],
  ['a..example', false],
  ['shop.example:80', false],
  ['1.2.3.4', false],
  [`${'a.'.repeat(126)}example`, false],
])('host name %j: %s', (text, expected) => expect(isHostname(text)).toBe(expected));
