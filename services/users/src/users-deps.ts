import type { Database } from '@zoco/postgres';
import type { LoginDeps } from './actions/login.ts';
import type { TenantRegistry } from './tenant-registry.ts';

/** What the routes of this service need of the world. */
export interface UsersDeps extends LoginDeps {
  readonly db: Database;
  readonly tenants: TenantRegistry;
}
