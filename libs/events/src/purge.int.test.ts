import { orderExpired } from '@zoco/contracts';
import { newId } from '@zoco/kernel';
import { createTestDatabase, testTenant } from '@zoco/testing';
import { expect, inject, test } from 'vitest';
import { purge } from './purge.ts';
import { recordAll } from './record.ts';

test('what is old goes, batch after batch, also behind an event that never could be published', async () => {
  await using database = await createTestDatabase({
    adminUrl: inject('adminUrl'),
    service: 'orders',
    migrations: new URL('../fixtures/migrations/', import.meta.url),
  });
  const { id } = testTenant();
  const records = Array.from({ length: 12 }, () => {
    const orderId = newId('order');
    return {
      aggregateId: orderId,
      version: 1,
      data: { order_id: orderId, expired_at: '2026-01-01T00:00:00.000Z' },
    };
  });
  await database.db.transact(id, (tx) => recordAll(tx, orderExpired, records));
  const ids = () =>
    database.db.work(
      (tx) => tx.sql<{ aggregate_id: string }[]>`select aggregate_id from outbox order by seq`,
    );
  const wanted = (await ids()).filter((_row, index) => index === 1 || index > 9);
  await database.db.work(
    ({ sql }) => sql`
      update outbox set published_at = case when seq > (select min(seq) + 9 from outbox) then now()
        else now() - interval '15 days' end
      where seq <> (select min(seq) + 1 from outbox)`,
  );
  await purge(database.db, { rowsMax: 3 });
  expect(await ids()).toEqual(wanted);
});
