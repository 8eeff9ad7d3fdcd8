import { orderConfirmed } from '@zoco/contracts';
import { type EventHandler, onTogether } from '@zoco/events';
import type { SettingsOf } from '../settings-of.ts';
import type { Failpoint } from '@zoco/service';
import { issueInvoices } from '../actions/issue-invoices.ts';

export const onOrderConfirmed = (settingsOf: SettingsOf, failpoint: Failpoint): EventHandler =>
  onTogether(orderConfirmed, async (tx, events) => {
    await issueInvoices(tx, await settingsOf(tx.tenantId), events);
    failpoint('before-invoice-commit');
    return () => failpoint('after-invoice-commit');
  });
