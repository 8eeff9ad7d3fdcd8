import { fileURLToPath } from 'node:url';
import { migrate } from '@zoco/postgres';
import { loadMigrationConfig } from './config.ts';

const { DATABASE_URL: ownerUrl } = loadMigrationConfig();
await migrate({
  ownerUrl,
  service: 'catalog',
  folder: fileURLToPath(new URL('../migrations/', import.meta.url)),
});
