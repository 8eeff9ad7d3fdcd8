import { expect, test } from 'vitest';
import { exampleBankAccount, exampleTenant, tenantSettings, tenantUpdated } from './users.ts';

test('settings of a tenant from before there were bank accounts are read, and have none', () => {
  const { bank_account: _, ...older } = exampleTenant;
  for (const schema of [tenantSettings, tenantUpdated.data]) {
    expect(schema.parse(older)).toMatchObject({ id: 'libros', bank_account: null });
    expect(schema.parse(exampleTenant)).toMatchObject({ bank_account: exampleBankAccount });
  }
});
