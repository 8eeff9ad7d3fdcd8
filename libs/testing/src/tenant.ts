import { exampleTenant, type TenantSettings, tenantSettings } from '@zoco/contracts';
import { tenantId } from '@zoco/kernel';
import { randomBytes } from 'node:crypto';

/** Settings of a tenant that nobody else has: every test mints its own. */
export function testTenant(overrides: Partial<TenantSettings> = {}): TenantSettings {
  const id = tenantId(`t-${randomBytes(6).toString('hex')}`);
  return { ...tenantSettings.parse(exampleTenant), id, name: `Shop ${id}`, hostnames: [], ...overrides };
}
