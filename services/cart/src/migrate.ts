import { fileURLToPath } from 'node:url';
import { prepareService } from '@zoco/events/prepare';
import { loadMigrateConfig } from './config.ts';

// The bundle lies in dist/ as the source in src/: the folder is beside both.
const folder = fileURLToPath(new URL('../migrations/', import.meta.url));
await prepareService({ service: 'cart', folder, config: loadMigrateConfig() });
