import { writeOpenapi } from '@zoco/service';
import { routers } from './app.ts';
import { createProductCache } from './product-cache.ts';

const document = new URL('../openapi.json', import.meta.url);
const deps = {
  config: { CATALOG_IMPORT_BYTES_MAX: 0 },
  call: () => Promise.reject(new Error('no calls while documenting')),
  cache: createProductCache(),
  failpoint: () => {},
};
await writeOpenapi(document, routers(deps), {
  title: 'Zoco catalog',
  version: '0.1.0',
  description: 'Products and books, search, stock and its moves, imports, and reservations for orders.',
});
