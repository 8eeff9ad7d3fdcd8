import { orderConfirmed } from '@zoco/contracts';
import { type EventHandler, on } from '@zoco/events';
import type { SettingsOf } from '../settings-of.ts';
import type { Failpoint } from '@zoco/service';
import { issueInvoice } from '../actions/issue-invoice.ts';

export const onOrderConfirmed = (settingsOf: SettingsOf, failpoint: Failpoint): EventHandler =>
  on(orderConfirmed, async (tx, { tenantId, data }) => {
    await issueInvoice(tx, await settingsOf(tenantId), data);
    failpoint('before-invoice-commit');
    return () => failpoint('after-invoice-commit');
  });
