import { openDatabase } from '@zoco/postgres';
import { createLogger, writeOpenapi } from '@zoco/service';
import { routers } from './app.ts';
import { createBuyers } from './buyers.ts';
import { createOrderNumbers } from './order-numbers.ts';
import { createOrderStreams } from './order-streams.ts';

const call = () => Promise.reject(new Error('no calls while documenting'));
const log = createLogger({ service: 'orders', version: '', level: 'silent' });
// Connections are made on first use, which does not come.
await using db = openDatabase({ url: 'postgres://localhost', applicationName: 'orders-openapi' });
const deps = {
  config: {
    ORDERS_OPEN_MAX: 0,
    ORDERS_LINES_MAX: 0,
    ORDERS_QUANTITY_MAX: 0,
    ORDERS_TRANSFER_DAYS: 0,
    ORDERS_LEASE_SECONDS: 0,
    ORDERS_PENDING_SECONDS: 0,
  },
  call,
  buyers: createBuyers(call),
  numbers: createOrderNumbers(db),
  failpoint: () => {},
  log,
  streams: createOrderStreams(db, log, 0),
};
await writeOpenapi(new URL('../openapi.json', import.meta.url), routers(deps), {
  title: 'Zoco orders',
  version: '0.1.0',
  description:
    'Orders from checkout to delivery: placed once per idempotency key, paid, confirmed, canceled, shipped; their history, live events and purchase summaries.',
});
