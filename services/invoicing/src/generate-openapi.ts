import { writeOpenapi } from '@zoco/service';
import { routers } from './app.ts';

await writeOpenapi(new URL('../openapi.json', import.meta.url), routers(), {
  title: 'Zoco invoicing',
  version: '0.1.0',
  description:
    'Invoices of confirmed orders and credit notes of refunds: numbered without gaps, never changed, as PDF/A-3.',
});
