import type { Election } from '@zoco/service';
import { eventually } from '@zoco/testing';
import { expect, test } from 'vitest';
import { journalsOf } from '../fixtures/ledger.ts';
import { openShop } from '../fixtures/shop.ts';
import { startBackground } from './background.ts';

/** An election that says what it is told, and counts who asks. */
function ballot(): Election & { elected: boolean; asked: number } {
  return {
    elected: false,
    asked: 0,
    isElected() {
      this.asked += 1;
      return this.elected;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

const FEW_MS = 5 / 60_000;
const CONFIG = {
  PAYMENTS_POLL_MS: 10,
  PAYMENTS_EVENT_GAP_MINUTES: FEW_MS,
  PAYMENTS_FEES_MINUTES: FEW_MS,
};

test('only the elected replica asks Stripe for lists', async () => {
  await using shop = await openShop({ webhooks: true });
  shop.sandbox.addFault({ kind: 'webhook_drop', times: 100 });
  const paid = await shop.order({ payment_token: 'pm_card_visa' });
  const secure = await shop.order({ payment_token: 'pm_card_threeDSecure2Required' });
  shop.sandbox.authenticate(secure.payment.intentId ?? '', 'complete');
  const election = ballot();
  const kindsOf = async (orderId: string) => (await journalsOf(shop, orderId)).map(({ kind }) => kind);
  const background = () => startBackground(shop.deps, shop.work, CONFIG, election);

  {
    await using _others = background();
    await eventually(() => expect(election.asked).toBeGreaterThanOrEqual(20));
  }
  expect(await kindsOf(paid.orderId)).toEqual(['capture']);
  expect((await shop.find(secure.orderId)).status).toBe('requires_action');

  election.elected = true;
  await using _elected = background();
  await eventually(async () => {
    expect(await kindsOf(paid.orderId)).toEqual(['capture', 'fee']);
    expect((await shop.find(secure.orderId)).status).toBe('succeeded');
  });
});
