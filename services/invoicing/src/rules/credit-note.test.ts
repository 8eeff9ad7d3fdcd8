import { exampleTenant, orderConfirmed, tenantSettings, type EventData } from '@zoco/contracts';
import { grossTax, netTax } from '@zoco/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { correctionDraft, creditNoteDraft, remainingOf } from './credit-note.ts';
import { invoiceDraft } from './invoice.ts';
import type { DocumentSnapshot, RateSum } from './snapshot.ts';

const tenant = tenantSettings.parse(exampleTenant);
type Order = EventData<typeof orderConfirmed>;

interface OrderLine {
  readonly unitCents: number;
  readonly quantity: number;
  readonly rateBps: number;
}

/** An order as the orders service would total it. */
function orderOf(lines: readonly OrderLine[], inclusive: boolean, shippingCents: number): Order {
  const taxOf = inclusive ? grossTax : netTax;
  const example = orderConfirmed.data.parse(orderConfirmed.example);
  const items = lines.map((line, index) => {
    const subtotal = line.unitCents * line.quantity;
    const [template] = example.items;
    if (template === undefined) throw new Error('the example has no items');
    return {
      ...template,
      sku: `sku-${index}`,
      quantity: line.quantity,
      unit_price_cents: line.unitCents,
      tax_rate_bps: line.rateBps,
      subtotal_cents: subtotal,
      tax_cents: taxOf(subtotal, line.rateBps),
    };
  });
  const shippingTax = taxOf(shippingCents, tenant.tax_rate_bps);
  const subtotal = items.reduce((sum, item) => sum + item.subtotal_cents, 0);
  const tax = items.reduce((sum, item) => sum + item.tax_cents, shippingTax);
  return {
    ...example,
    items,
    prices_include_tax: inclusive,
    subtotal_cents: subtotal,
    tax_cents: tax,
    shipping_cents: shippingCents,
    total_cents: subtotal + shippingCents + (inclusive ? 0 : tax),
  };
}

function invoiceOf(order: Order): DocumentSnapshot {
  const draft = invoiceDraft({
    order,
    paymentStatus: 'paid',
    paymentTermsDays: null,
    tenant,
    customer: null,
  });
  return {
    ...draft,
    number: 'INV-2026-000001',
    issued_at: '2026-11-22T10:15:01.000Z',
    issued_on: '2026-11-22',
    payment: { ...draft.payment, due_on: null },
  };
}

const orders = fc
  .record({
    lines: fc.array(
      fc.record({
        unitCents: fc.integer({ min: 1, max: 500_000 }),
        quantity: fc.integer({ min: 1, max: 50 }),
        rateBps: fc.constantFrom(0, 400, 1000, 2100),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    inclusive: fc.boolean(),
    shippingCents: fc.constantFrom(0, 1, 350, 9999),
  })
  .map(({ lines, inclusive, shippingCents }) => orderOf(lines, inclusive, shippingCents));

describe('an invoice', () => {
  test('adds up to its order, line by line and rate by rate', () => {
    fc.assert(
      fc.property(orders, (order) => {
        const invoice = invoiceOf(order);
        expect([invoice.total_cents, invoice.tax_cents]).toEqual([order.total_cents, order.tax_cents]);
        for (const line of invoice.lines) expect(line.net_cents + line.tax_cents).toBe(line.gross_cents);
        expect(invoice.net_cents + invoice.tax_cents).toBe(invoice.total_cents);
      }),
    );
  });
});

describe('credit notes', () => {
  test('of a full refund repeat the invoice', () => {
    fc.assert(
      fc.property(orders, (order) => {
        const invoice = invoiceOf(order);
        const note = creditNoteDraft(invoice, [], invoice.total_cents, 'order_canceled');
        expect(note?.lines).toEqual(invoice.lines);
        expect(note?.corrects).toEqual({
          number: invoice.number,
          issued_on: invoice.issued_on,
          reason: 'order_canceled',
        });
      }),
    );
  });

  test('in any parts add up to the invoice exactly, tax too, and never to more', () => {
    fc.assert(
      fc.property(
        orders,
        fc.array(fc.integer({ min: 1, max: 2_000_000 }), { minLength: 1, maxLength: 8 }),
        (order, parts) => {
          const invoice = invoiceOf(order);
          const credited: RateSum[][] = [];
          for (const part of [...parts, invoice.total_cents]) {
            const leftCents = remainingOf(invoice, credited).reduce((sum, rate) => sum + rate.gross_cents, 0);
            const note = creditNoteDraft(invoice, credited, part, 'goodwill');
            expect(note?.total_cents ?? 0).toBe(Math.min(part, leftCents));
            for (const line of note?.lines ?? []) {
              expect(line.net_cents + line.tax_cents).toBe(line.gross_cents);
              expect(line.net_cents).toBeGreaterThanOrEqual(0);
              expect(line.tax_cents).toBeGreaterThanOrEqual(0);
            }
            if (note !== null) credited.push(note.tax_summary);
          }
          for (const rate of remainingOf(invoice, credited)) {
            expect(rate).toMatchObject({ net_cents: 0, tax_cents: 0, gross_cents: 0 });
          }
          expect(creditNoteDraft(invoice, credited, 1, 'goodwill')).toBeNull();
        },
      ),
    );
  });
});

test.each([
  ['a refund', 'paid', 500, 500],
  ['a refund of more than there is', 'paid', 10_000_000, 3026],
  ['the cancellation of what was paid, which its refunds credit', 'paid', null, undefined],
  ['the cancellation of what was not paid', 'unpaid', null, 3026],
] as const)('%s credits what it takes back', (_name, paymentStatus, refundCents, expected) => {
  const order = orderOf([{ unitCents: 2501, quantity: 1, rateBps: 2100 }], false, 0);
  const draft = invoiceDraft({ order, paymentStatus, paymentTermsDays: 30, tenant, customer: null });
  const invoice = { ...invoiceOf(order), payment: { ...draft.payment, due_on: null } };
  expect(correctionDraft(invoice, [], { refundCents, reason: 'r' })?.total_cents).toBe(expected);
});

test.each([
  ['paid by card', 'paid', null, { paid: true, terms_days: null }],
  ['on account, 30 days', 'unpaid', 30, { paid: false, terms_days: 30 }],
] as const)('payment %s', (_name, paymentStatus, paymentTermsDays, expected) => {
  const order = orderOf([{ unitCents: 100, quantity: 1, rateBps: 2100 }], false, 0);
  const draft = invoiceDraft({ order, paymentStatus, paymentTermsDays, tenant, customer: null });
  expect(draft.payment).toMatchObject(expected);
});
