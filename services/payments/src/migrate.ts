import { fileURLToPath } from 'node:url';
import { migrate } from '@zoco/postgres';
import { loadMigrateConfig } from './config.ts';

const { DATABASE_URL: ownerUrl } = loadMigrateConfig();
// The bundle lies in dist/ as the source in src/: the folder is beside both.
const folder = fileURLToPath(new URL('../migrations/', import.meta.url));
await migrate({ service: 'payments', ownerUrl, folder });
