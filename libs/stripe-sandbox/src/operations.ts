import { allowOnly, type Form, optionalBoolean, optionalText, texts } from './form.ts';
import { chargeView, intentView } from './intent-view.ts';
import { LIST_PARAMS, listOf } from './lists.ts';
import { cancelIntent, confirmIntent, createIntent, findIntent } from './payment-intents.ts';
import type { EventRecord, IntentRecord } from './records.ts';
import { createRefund, findRefund } from './refunds.ts';
import { noSuch } from './stripe-fault.ts';
import { balanceTransactionView, eventView, refundView } from './views.ts';
import type { Cause, World } from './world.ts';

/** One endpoint of the API: synchronous, so that requests never interleave inside it. */
export interface Operation {
  /** Name by which a fault is aimed at it, such as `payment_intents.create`. */
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Path with `:id` for the object. */
  readonly path: string;
  /** Whether a browser may call it with a publishable key and the client secret. */
  readonly publishable?: boolean;
  readonly run: (world: World, form: Form, id: string, cause: Cause) => unknown;
}

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'payment_intents.create',
    method: 'POST',
    path: '/v1/payment_intents',
    run: (world, form, _id, cause) => renderIntent(world, createIntent(world, form, cause), form),
  },
  {
    name: 'payment_intents.list',
    method: 'GET',
    path: '/v1/payment_intents',
    run(world, form) {
      allowOnly(form, [...LIST_PARAMS, 'customer']);
      const records = world.store.newestFirst('payment_intent');
      return listOf(records, form, '/v1/payment_intents', (intent) =>
        renderIntent(world, intent, form, 'data.'),
      );
    },
  },
  {
    name: 'payment_intents.retrieve',
    method: 'GET',
    path: '/v1/payment_intents/:id',
    publishable: true,
    run(world, form, id) {
      allowOnly(form, ['expand', 'client_secret']);
      return renderIntent(world, findIntent(world, id), form);
    },
  },
  {
    name: 'payment_intents.confirm',
    method: 'POST',
    path: '/v1/payment_intents/:id/confirm',
    publishable: true,
    run: (world, form, id, cause) => renderIntent(world, confirmIntent(world, id, form, cause), form),
  },
  {
    name: 'payment_intents.cancel',
    method: 'POST',
    path: '/v1/payment_intents/:id/cancel',
    run: (world, form, id, cause) => renderIntent(world, cancelIntent(world, id, form, cause), form),
  },
  {
    name: 'refunds.create',
    method: 'POST',
    path: '/v1/refunds',
    run: (world, form, _id, cause) => refundView(createRefund(world, form, cause)),
  },
  {
    name: 'refunds.list',
    method: 'GET',
    path: '/v1/refunds',
    run(world, form) {
      allowOnly(form, [...LIST_PARAMS, 'payment_intent', 'charge']);
      const records = matching(world.store.newestFirst('refund'), {
        intentId: optionalText(form, 'payment_intent'),
        chargeId: optionalText(form, 'charge'),
      });
      return listOf(records, form, '/v1/refunds', refundView);
    },
  },
  {
    name: 'refunds.retrieve',
    method: 'GET',
    path: '/v1/refunds/:id',
    run: (world, _form, id) => refundView(findRefund(world, id)),
  },
  {
    name: 'charges.retrieve',
    method: 'GET',
    path: '/v1/charges/:id',
    run(world, _form, id) {
      const charge = world.store.get('charge', id);
      if (charge === undefined) throw noSuch('charge', id, 'id', 404);
      return chargeView(charge);
    },
  },
  {
    name: 'events.list',
    method: 'GET',
    path: '/v1/events',
    run(world, form) {
      allowOnly(form, [...LIST_PARAMS, 'type', 'types', 'delivery_success']);
      return listOf(filterEvents(world, form), form, '/v1/events', (event) => renderEvent(world, event));
    },
  },
  {
    name: 'events.retrieve',
    method: 'GET',
    path: '/v1/events/:id',
    run(world, _form, id) {
      const event = world.store.get('event', id);
      if (event === undefined) throw noSuch('event', id, 'id', 404);
      return renderEvent(world, event);
    },
  },
  {
    name: 'balance_transactions.list',
    method: 'GET',
    path: '/v1/balance_transactions',
    run(world, form) {
      allowOnly(form, [...LIST_PARAMS, 'type', 'source']);
      const expandSource = texts(form, 'expand').includes('data.source');
      const records = matching(world.store.newestFirst('balance_transaction'), {
        type: optionalText(form, 'type'),
        sourceId: optionalText(form, 'source'),
      });
      return listOf(records, form, '/v1/balance_transactions', (transaction) => {
        const charge = expandSource ? world.store.get('charge', transaction.sourceId) : undefined;
        return balanceTransactionView(transaction, charge ? chargeView(charge) : transaction.sourceId);
      });
    },
  },
  { name: 'balance.retrieve', method: 'GET', path: '/v1/balance', run: (world) => balance(world) },
];

function renderIntent(world: World, intent: IntentRecord, form: Form, prefix = '') {
  const expanded = texts(form, 'expand').includes(`${prefix}latest_charge`);
  const charge = expanded ? world.store.get('charge', intent.latestChargeId ?? '') : undefined;
  return intentView(intent, world.baseUrl(), charge);
}

function renderEvent(world: World, event: EventRecord) {
  return eventView(event, world.store.get('delivery', event.id), world.baseUrl());
}

function* matching<T extends object>(
  records: Iterable<T>,
  wanted: Partial<Record<keyof T, string | undefined>>,
): IterableIterator<T> {
  const filters = Object.entries(wanted).filter(([, value]) => value !== undefined);
  for (const record of records) {
    const fields = Object.entries(record);
    if (filters.every(([name, value]) => fields.some(([key, found]) => key === name && found === value))) {
      yield record;
    }
  }
}

function* filterEvents(world: World, form: Form): IterableIterator<EventRecord> {
  const type = optionalText(form, 'type');
  const types = texts(form, 'types');
  const delivered = optionalBoolean(form, 'delivery_success');
  for (const event of world.store.newestFirst('event')) {
    if (type !== undefined && !matchesType(type, event.type)) continue;
    if (types.length > 0 && !types.includes(event.type)) continue;
    const delivery = world.store.get('delivery', event.id);
    if (delivered !== undefined && delivered !== (delivery === undefined || delivery.state === 'delivered')) {
      continue;
    }
    yield event;
  }
}

/** `charge.*` names a group. */
const matchesType = (wanted: string, type: string) =>
  wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;

function balance(world: World) {
  const sums = new Map<string, number>();
  for (const { currency, amount, fee } of world.store.all('balance_transaction')) {
    sums.set(currency, (sums.get(currency) ?? 0) + amount - fee);
  }
  const available = [...sums].map(([currency, amount]) => ({
    amount,
    currency,
    source_types: { card: amount },
  }));
  return { object: 'balance', available, livemode: false, pending: [], refund_and_dispute_prefunding: null };
}
