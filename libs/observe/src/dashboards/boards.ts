import { checkout } from './boards/checkout.ts';
import { messaging } from './boards/messaging.ts';
import { overview } from './boards/overview.ts';
import { postgres } from './boards/postgres.ts';
import { service } from './boards/service.ts';
import { slo } from './boards/slo.ts';
import type { DashboardDraft } from './dashboard.ts';

/** Every dashboard of the product. */
export const BOARDS: readonly DashboardDraft[] = [overview, service, checkout, messaging, postgres, slo];
