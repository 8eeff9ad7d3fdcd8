import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPlan, type RetailPlan, type Units, type UnreadableLine } from './retail-plan.ts';
import { parseRetailLine, type RetailLine } from './retail-row.ts';

type Short = [invoice: string, stockCode: string, quantity: number, price: number, customer?: string];

const line = ([invoice, stockCode, quantity, priceCents, customer]: Short): RetailLine => ({
  invoice,
  stockCode,
  description: `Thing ${stockCode}`,
  quantity,
  priceCents,
  customer,
  country: 'France',
});

type Unreadable = Partial<UnreadableLine>;

function planOf(lines: readonly (Short | Unreadable)[], invoicesMax?: number): RetailPlan {
  const plan = createPlan(invoicesMax);
  for (const one of lines) {
    if (Array.isArray(one)) plan.add(line(one));
    else plan.addUnreadable({ ...UNREADABLE, ...one });
  }
  return plan.build();
}

const UNREADABLE: UnreadableLine = { line: 9, invoice: undefined, customer: undefined, reason: 'no price' };

const units = (of: Record<string, number>): Units => new Map(Object.entries(of));

test('a customer’s invoice is an order; lines of one product at one price come together', () => {
  const plan = planOf([
    ['500001', '85123A', 6, 255, '17850'],
    ['500001', '71053', 2, 339, '17850'],
    ['500001', '85123A', 4, 255, '17850'],
    ['500001', '85123A', 1, 295, '17850'],
  ]);
  expect(plan).toMatchObject({
    invoiceCount: 1,
    customers: [{ id: '17850', country: 'France' }],
    sales: [{ invoice: '500001', customer: '17850' }],
    reversals: [],
    skipped: [],
  });
  expect(plan.sales[0]?.units).toEqual(units({ '85123A-255': 10, '71053-339': 2, '85123A-295': 1 }));
  expect(plan.products).toEqual([
    { sku: '85123A-255', stockCode: '85123A', name: 'Thing 85123A', priceCents: 255, unitsSold: 10 },
    { sku: '71053-339', stockCode: '71053', name: 'Thing 71053', priceCents: 339, unitsSold: 2 },
    { sku: '85123A-295', stockCode: '85123A', name: 'Thing 85123A', priceCents: 295, unitsSold: 1 },
  ]);
});

test('an invoice whose lines are not together is one invoice', () => {
  const plan = planOf([
    ['500001', '71053', 1, 100, '1'],
    ['500002', '71053', 1, 100, '1'],
    ['500001', '71054', 1, 100, '1'],
  ]);
  expect(plan.sales.map(({ invoice }) => invoice)).toEqual(['500001', '500002']);
  expect(plan.sales[0]?.units).toEqual(units({ '71053-100': 1, '71054-100': 1 }));
});

describe('left out, with the reason', () => {
  test.each<[string, Short[], string]>([
    ['no customer', [['500001', '71053', 1, 100]], 'the invoice names no customer'],
    ['an adjustment of debts', [['A500001', 'B', 1, 100, '1']], 'an adjustment of debts is no order'],
    ['a free thing', [['500001', '71053', 1, 0, '1']], 'the line has no price'],
    ['a negative price', [['500001', '71053', 1, -5, '1']], 'the line has no price'],
    ['postage', [['500001', 'POST', 1, 100, '1']], 'the line is a charge or a discount, not a product'],
    [
      'a gift card',
      [['500001', 'gift_0001_20', 1, 100, '1']],
      'the line is a charge or a discount, not a product',
    ],
    [
      'a negative sale',
      [['500001', '71053', -1, 100, '1']],
      'the sign of the quantity does not fit the kind of invoice',
    ],
    [
      'a positive cancellation',
      [['C500001', '71053', 1, 100, '1']],
      'the sign of the quantity does not fit the kind of invoice',
    ],
    [
      'a cancellation of nothing',
      [['C500001', '71053', -1, 100, '1']],
      'no earlier invoice of the customer holds what it takes back',
    ],
  ])('%s', (_what, lines, reason) => {
    const plan = planOf(lines);
    expect(plan.sales).toEqual([]);
    expect(plan.reversals).toEqual([]);
    expect(plan.products).toEqual([]);
    expect(plan.skipped.map((skipped) => skipped.reason)).toContain(reason);
  });

  test('a charge beside a product leaves the product', () => {
    const plan = planOf([
      ['500001', 'POST', 1, 1800, '1'],
      ['500001', '71053', 1, 100, '1'],
    ]);
    expect(plan.sales).toHaveLength(1);
    expect(plan.skipped).toEqual([
      { invoice: '500001', stock_code: 'POST', reason: 'the line is a charge or a discount, not a product' },
    ]);
  });
});

describe('a cancellation', () => {
  const sale: Short[] = [
    ['500001', '71053', 5, 100, '1'],
    ['500001', '71054', 2, 100, '1'],
  ];

  test('of everything cancels the order', () => {
    const plan = planOf([...sale, ['C500009', '71053', -5, 100, '1'], ['C500009', '71054', -2, 100, '1']]);
    expect(plan.reversals).toEqual([
      { invoice: 'C500009', of: '500001', whole: true, units: units({ '71053-100': 5, '71054-100': 2 }) },
    ]);
  });

  test('of a part refunds it; the rest later is a refund as well', () => {
    const plan = planOf([
      ...sale,
      ['C500008', '71053', -5, 100, '1'],
      ['C500009', '71054', -2, 100, '1'],
      ['C500010', '71054', -1, 100, '1'],
    ]);
    expect(plan.reversals.map(({ invoice, whole }) => [invoice, whole])).toEqual([
      ['C500008', false],
      ['C500009', false],
    ]);
    expect(plan.skipped.map(({ invoice }) => invoice)).toEqual(['C500010']);
  });

  test.each<[string, Short]>([
    ['of more than was sold', ['C500009', '71053', -6, 100, '1']],
    ['at another price', ['C500009', '71053', -5, 99, '1']],
    ['by another customer', ['C500009', '71053', -5, 100, '2']],
  ])('%s matches nothing', (_what, cancellation) => {
    expect(planOf([...sale, cancellation]).reversals).toEqual([]);
  });

  test('before the sale matches nothing', () => {
    expect(planOf([['C400000', '71053', -5, 100, '1'], ...sale]).reversals).toEqual([]);
  });

  test('takes back the latest invoice that holds it', () => {
    const plan = planOf([...sale, ['500002', '71053', 9, 100, '1'], ['C500009', '71053', -5, 100, '1']]);
    expect(plan.reversals).toMatchObject([{ of: '500002', whole: false }]);
  });
});

test('a limit counts invoice numbers as they come; stock is still that of the whole file', () => {
  const lines: Short[] = [
    ['500001', '71053', 5, 100, '1'],
    ['500002', '71053', 5, 100],
    ['500003', '71053', 7, 100, '1'],
    ['500001', '71053', 1, 100, '1'],
  ];
  const plan = planOf(lines, 2);
  expect(plan.invoiceCount).toBe(2);
  expect(plan.sales).toMatchObject([{ invoice: '500001' }]);
  expect(plan.sales[0]?.units).toEqual(units({ '71053-100': 6 }));
  expect(plan.products).toMatchObject([{ unitsSold: 13 }]);
});

describe('a line that cannot be read', () => {
  const skip = (invoice: string) => ({ invoice, reason: 'a line cannot be read' });

  test.each<[string, (Short | Unreadable)[]]>([
    ['first', [{ invoice: '500001' }, ['500001', '71053', 1, 100, '1']]],
    ['last', [['500001', '71053', 1, 100, '1'], { invoice: '500001' }]],
    ['alone', [{ invoice: '500001', customer: '1' }]],
  ])('%s leaves its whole invoice out, and no other', (_where, lines) => {
    const plan = planOf([...lines, ['500002', '71053', 2, 100, '1']]);
    expect(plan.invoiceCount).toBe(2);
    expect(plan.sales).toMatchObject([{ invoice: '500002' }]);
    expect(plan.skipped).toEqual([skip('500001')]);
    expect(plan.unreadable).toMatchObject([{ line: 9, invoice: '500001', reason: 'no price' }]);
  });

  test.each<[string, (Short | Unreadable)[]]>([
    ['its customer is known by another line', [{ invoice: '500002' }, ['500002', '71054', 1, 100, '1']]],
    ['its customer is known by itself', [{ invoice: 'C500002', customer: '1' }]],
  ])('lets later cancellations of the customer wait: %s', (_how, lines) => {
    const sold: Short[] = [
      ['500001', '71053', 5, 100, '1'],
      ['500003', '71053', 5, 100, '2'],
    ];
    const plan = planOf([
      ...sold,
      ['C500001', '71053', -1, 100, '1'],
      ...lines,
      ['C500004', '71053', -4, 100, '1'],
      ['C500005', '71053', -5, 100, '2'],
    ]);
    expect(plan.reversals.map(({ invoice }) => invoice)).toEqual(['C500001', 'C500005']);
    expect(plan.skipped).toContainEqual({
      invoice: 'C500004',
      reason: 'an earlier invoice of the customer cannot be read',
    });
  });

  test('beyond the limit is not looked at; of an unknown invoice it always is', () => {
    const plan = planOf([['500001', '71053', 1, 100, '1'], { invoice: '500002' }, { invoice: undefined }], 1);
    expect(plan).toMatchObject({ invoiceCount: 1, skipped: [], unreadable: [{ invoice: undefined }] });
    expect(plan.unreadable).toHaveLength(1);
  });
});

const anyLine = fc.tuple(
  fc
    .tuple(fc.constantFrom('', 'C'), fc.integer({ min: 500_000, max: 500_012 }))
    .map(([kind, number]) => `${kind}${number}`),
  fc.constantFrom('71053', '71054', '85123A', 'POST'),
  fc.integer({ min: -6, max: 6 }),
  fc.constantFrom(0, 100, 255),
  fc.constantFrom('1', '2'),
) as fc.Arbitrary<Short>;

test('whatever the file says: no unit is sold or taken back twice, and every invoice is accounted for', () => {
  fc.assert(
    fc.property(fc.array(anyLine, { maxLength: 60 }), (lines) => {
      const plan = planOf(lines);
      const sold = new Map(plan.sales.map((sale) => [sale.invoice, new Map(sale.units)]));
      for (const reversal of plan.reversals) {
        const left = sold.get(reversal.of) ?? new Map<string, number>();
        for (const [sku, quantity] of reversal.units) {
          expect(left.get(sku) ?? 0).toBeGreaterThanOrEqual(quantity);
          left.set(sku, (left.get(sku) ?? 0) - quantity);
        }
        const rest = [...left.values()].reduce((sum, one) => sum + one, 0);
        expect(reversal.whole && rest !== 0).toBe(false);
      }
      const stock = new Map(plan.products.map((product) => [product.sku, product.unitsSold]));
      const ordered = plan.sales.flatMap((sale) => [...sale.units]);
      for (const [sku, quantity] of ordered) stock.set(sku, (stock.get(sku) ?? 0) - quantity);
      expect([...stock.values()].every((left) => left >= 0)).toBe(true);
      const seen = new Set([...plan.sales, ...plan.reversals, ...plan.skipped].map(({ invoice }) => invoice));
      expect(seen).toEqual(new Set(lines.map(([invoice]) => invoice)));
    }),
  );
});

describe('a line of the file', () => {
  const fields = {
    InvoiceNo: '536365',
    StockCode: ' 85123A ',
    Description: 'WHITE HANGING HEART T-LIGHT HOLDER ',
    Quantity: '6',
    InvoiceDate: '2010-12-01T08:26:00',
    UnitPrice: '2.55',
    CustomerID: '17850',
    Country: 'United Kingdom',
  };

  test.each([
    [{}, { invoice: '536365', stockCode: '85123A', quantity: 6, priceCents: 255, customer: '17850' }],
    [
      { Quantity: '-80995', InvoiceNo: 'C581484' },
      { quantity: -80_995, invoice: 'C581484' },
    ],
    [{ UnitPrice: '1.1' }, { priceCents: 110 }],
    [{ UnitPrice: '38970' }, { priceCents: 3_897_000 }],
    [{ UnitPrice: '0.29' }, { priceCents: 29 }],
    [{ UnitPrice: '0.001' }, { priceCents: 0 }],
    [{ CustomerID: '' }, { customer: undefined }],
    [{ CustomerID: '17850.0' }, { customer: '17850' }],
  ])('%j', (overrides, expected) => {
    expect(parseRetailLine({ ...fields, ...overrides })).toMatchObject(expected);
  });

  test.each([
    { InvoiceNo: '12' },
    { Quantity: '1.5' },
    { UnitPrice: '1,5' },
    { UnitPrice: '1e400' },
    { CustomerID: 'x' },
    { StockCode: '' },
  ])('refused: %j', (overrides) => {
    expect(() => parseRetailLine({ ...fields, ...overrides })).toThrow(Object.keys(overrides)[0]);
  });
});
