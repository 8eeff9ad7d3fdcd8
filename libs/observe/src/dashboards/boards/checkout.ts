import { type DashboardDraft, toDashboard, toTraces } from '../dashboard.ts';
import { ZERO_IS_GOOD } from '../field.ts';
import { bars, curves, number } from '../panel.ts';
import { orZero, query } from '../query.ts';

const count = (metric: string, selector = '') =>
  orZero(`sum(increase(${metric}{$ns${selector === '' ? '' : `, ${selector}`}}[$__range]))`);

const slowCheckouts = toTraces(
  'Slow checkouts',
  '{resource.service.name="orders" && span.http.route="/internal/orders" && duration>200ms}',
);

/** The way from the first item in a cart to the invoice, and who got lost where. */
export const checkout: DashboardDraft = {
  name: 'checkout',
  title: 'Checkout',
  description: 'From the first item in a cart to the invoice, and what gets lost on the way.',
  sections: [
    {
      title: 'The way to the invoice, in the time range',
      panels: [
        bars({
          title: 'How many come how far',
          description:
            'Each bar is a step; what is missing to the one above got lost there. Orders also come without a cart (B2B).',
          unit: 'short',
          decimals: 0,
          width: 16,
          height: 10,
          queries: [
            query(count('zoco_carts_created_total'), 'carts'),
            query(
              count('zoco_cart_checkouts_total', 'outcome=~"placed|refused|unknown"'),
              'checkouts asked for',
            ),
            query(count('zoco_orders_total', 'status="created"'), 'orders created'),
            query(count('zoco_payments_total', 'outcome="succeeded"'), 'payments succeeded'),
            query(count('zoco_orders_total', 'status="confirmed"'), 'orders confirmed'),
            query(count('zoco_invoices_issued_total', 'kind="invoice"'), 'invoices'),
          ],
        }),
        number({
          title: 'Carts that become an order',
          description: 'Conversion in the time range.',
          unit: 'percentunit',
          decimals: 0,
          queries: [
            query(
              `sum(increase(zoco_carts_checked_out_total{$ns}[$__range]))
                / (sum(increase(zoco_carts_created_total{$ns}[$__range])) > 0) or on() vector(0)`,
            ),
          ],
        }),
        number({
          title: 'Stock-outs',
          description: 'Orders refused because there was not enough.',
          unit: 'short',
          decimals: 0,
          queries: [query(count('zoco_stock_reservations_total', 'outcome="stock_insufficient"'))],
        }),
        number({
          title: 'Expired unpaid',
          description: 'Orders that nobody paid in time; their stock went back.',
          unit: 'short',
          decimals: 0,
          queries: [query(count('zoco_orders_total', 'status="expired"'))],
        }),
        number({
          title: 'Late captures',
          description: 'Money that came after the end of its order and was given back by itself.',
          unit: 'short',
          decimals: 0,
          steps: [['green'], ['orange', 1]],
          queries: [query(count('zoco_payments_late_captures_total'))],
        }),
      ],
    },
    {
      title: 'Placing an order',
      panels: [
        curves({
          title: 'By outcome',
          description: 'refused: a reason that the buyer is told. failed: ours.',
          unit: 'reqps',
          stacked: true,
          queries: [
            query(
              orZero(
                'sum by (outcome) (rate(zoco_order_checkout_duration_seconds_count{$ns}[$__rate_interval]))',
              ),
              '{{outcome}}',
            ),
          ],
          dataLinks: [toTraces('Checkouts that failed', '{resource.service.name="orders" && status=error}')],
        }),
        curves({
          title: 'Time to place an order',
          description: 'Reservation of the stock included.',
          unit: 's',
          queries: [0.5, 0.95, 0.99].map((quantile) =>
            query(
              `histogram_quantile(${quantile}, sum by (le) (rate(zoco_order_checkout_duration_seconds_bucket{$ns, outcome="created"}[$__rate_interval])))`,
              `p${quantile * 100}`,
              { exemplar: quantile === 0.99 },
            ),
          ),
          dataLinks: [slowCheckouts],
        }),
        curves({
          title: 'Reservations by outcome',
          description: 'What the catalog said.',
          unit: 'reqps',
          stacked: true,
          queries: [
            query(
              orZero('sum by (outcome) (rate(zoco_stock_reservations_total{$ns}[$__rate_interval]))'),
              '{{outcome}}',
            ),
          ],
        }),
      ],
    },
    {
      title: 'Paying',
      panels: [
        curves({
          title: 'Payments by outcome',
          description: 'Per minute. A gap between created and succeeded is money that does not come.',
          unit: 'short',
          queries: [
            query(
              orZero('sum by (outcome) (rate(zoco_payments_total{$ns}[$__rate_interval])) * 60'),
              '{{outcome}}',
            ),
          ],
        }),
        curves({
          title: 'Calls to Stripe',
          description: 'By outcome; unknown means that it failed or did not answer, and alerts above 20 %.',
          unit: 'reqps',
          stacked: true,
          queries: [
            query(
              orZero(
                'sum by (outcome) (rate(zoco_stripe_call_duration_seconds_count{$ns}[$__rate_interval]))',
              ),
              '{{outcome}}',
            ),
          ],
          dataLinks: [toTraces('Payments that failed', '{resource.service.name="payments" && status=error}')],
        }),
        curves({
          title: 'Time of a call to Stripe, p95',
          description: 'By call.',
          unit: 's',
          queries: [
            query(
              'histogram_quantile(0.95, sum by (le, call) (rate(zoco_stripe_call_duration_seconds_bucket{$ns}[$__rate_interval])))',
              '{{call}}',
            ),
          ],
        }),
        curves({
          title: 'Money taken and given back',
          description: 'Per minute.',
          unit: 'short',
          queries: [
            query(
              orZero(
                'sum by (currency) (rate(zoco_payments_captured_amount_total{$ns}[$__rate_interval])) * 60',
              ),
              'taken {{currency}}',
            ),
            query(
              orZero(
                'sum by (currency) (rate(zoco_payments_refunded_amount_total{$ns}[$__rate_interval])) * 60',
              ),
              'given back {{currency}}',
            ),
          ],
        }),
        curves({
          title: 'Orders that wait',
          description: 'pending: for stock. created: for payment. cancel_pending: for the refund.',
          unit: 'short',
          queries: [query('max by (status) (zoco_orders_open{$ns})', '{{status}}')],
        }),
        curves({
          title: 'Webhooks by outcome',
          description: 'unsigned and wrong_mode are refused.',
          unit: 'reqps',
          queries: [
            query(
              orZero('sum by (outcome) (rate(zoco_stripe_events_total{$ns}[$__rate_interval]))'),
              '{{outcome}}',
            ),
          ],
        }),
      ],
    },
    {
      title: 'Afterwards',
      panels: [
        curves({
          title: 'Documents issued per minute',
          description: 'Invoices and credit notes.',
          unit: 'short',
          queries: [
            query(
              orZero('sum by (kind) (rate(zoco_invoices_issued_total{$ns}[$__rate_interval])) * 60'),
              '{{kind}}',
            ),
          ],
        }),
        curves({
          title: 'Stock that came free or left',
          description: 'commit: sold. release: not bought. return: canceled after the sale.',
          unit: 'short',
          queries: [
            query(
              orZero('sum by (settlement) (rate(zoco_stock_settlements_total{$ns}[$__rate_interval])) * 60'),
              '{{settlement}}',
            ),
          ],
        }),
        number({
          title: 'For a person',
          description: 'Payments that no program can settle, in the time range, by reason.',
          unit: 'short',
          decimals: 0,
          width: 8,
          height: 8,
          steps: ZERO_IS_GOOD,
          queries: [
            query(
              orZero('sum by (reason) (increase(zoco_payments_attention_total{$ns}[$__range])) > 0'),
              '{{reason}}',
            ),
          ],
          dataLinks: [toDashboard('Overview', 'overview')],
        }),
      ],
    },
  ],
};
