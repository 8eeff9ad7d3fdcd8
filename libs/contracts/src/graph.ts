import * as cart from './cart.ts';
import * as catalog from './catalog.ts';
import type { EventDefinition } from './event.ts';
import * as invoicing from './invoicing.ts';
import * as orders from './orders.ts';
import * as payments from './payments.ts';
import { SERVICE_NAMES, type ServiceName } from './services.ts';
import * as users from './users.ts';

/** Every event of the system, by its definition. */
export const EVENTS: readonly EventDefinition[] = [
  users.tenantUpdated,
  users.userRegistered,
  users.userUpdated,
  users.userDeleted,
  users.customerCreated,
  users.customerUpdated,
  users.customerDeleted,
  catalog.productCreated,
  catalog.productUpdated,
  catalog.productDeleted,
  catalog.stockChanged,
  cart.cartCheckedOut,
  orders.orderCreated,
  orders.orderRejected,
  orders.orderConfirmed,
  orders.orderCancelRequested,
  orders.orderCanceled,
  orders.orderExpired,
  orders.orderShipped,
  orders.orderDelivered,
  orders.orderRefunded,
  payments.paymentCreated,
  payments.paymentSucceeded,
  payments.paymentFailed,
  payments.paymentCanceled,
  payments.paymentRefunded,
  invoicing.invoiceIssued,
  invoicing.creditNoteIssued,
];

/** What each service handles once per event, through a durable consumer and its inbox. */
export const HANDLES: Readonly<Record<ServiceName, readonly EventDefinition[]>> = {
  gateway: [],
  users: [catalog.productDeleted],
  catalog: [orders.orderConfirmed, orders.orderCanceled, orders.orderExpired, orders.orderRejected],
  cart: [catalog.productUpdated, catalog.productDeleted, orders.orderCreated],
  orders: [
    payments.paymentSucceeded,
    payments.paymentFailed,
    payments.paymentCanceled,
    payments.paymentRefunded,
  ],
  payments: [orders.orderCreated, orders.orderCancelRequested, orders.orderCanceled, orders.orderExpired],
  invoicing: [orders.orderConfirmed, orders.orderCanceled, payments.paymentRefunded, users.customerUpdated],
};

/** What each replica of a service watches to keep its memory fresh: no inbox, every replica sees every event. */
export const WATCHES: Readonly<Record<ServiceName, readonly EventDefinition[]>> = {
  gateway: [users.tenantUpdated],
  users: [],
  catalog: [
    users.tenantUpdated,
    catalog.productCreated,
    catalog.productUpdated,
    catalog.productDeleted,
    catalog.stockChanged,
  ],
  cart: [users.tenantUpdated],
  orders: [users.tenantUpdated],
  payments: [users.tenantUpdated],
  invoicing: [users.tenantUpdated],
};

/** Plain subjects on which the replicas of the gateway share their rate limits; no stream keeps them. */
export const LIMIT_SUBJECTS = {
  alive: 'zoco.gateway.replica.alive',
  gone: 'zoco.gateway.replica.gone',
  limits: 'zoco.gateway.limits',
} as const;

/** One internal HTTP call: who may call whom, and where. Paths are below the callee's base URL. */
export interface InternalCall {
  readonly callee: ServiceName;
  readonly callers: readonly ServiceName[];
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: `/internal/${string}`;
}

const others = (callee: ServiceName) => SERVICE_NAMES.filter((name) => name !== callee);

/** All internal calls. Service tokens, NetworkPolicies and mesh policies come from this list. */
export const CALLS = {
  listTenants: { callee: 'users', callers: others('users'), method: 'GET', path: '/internal/tenants' },
  getTenant: {
    callee: 'users',
    callers: others('users'),
    method: 'GET',
    path: '/internal/tenants/{tenant_id}',
  },
  exchangeApiKey: {
    callee: 'users',
    callers: ['gateway'],
    method: 'POST',
    path: '/internal/api-keys/exchange',
  },
  getInterests: {
    callee: 'users',
    callers: ['catalog'],
    method: 'GET',
    path: '/internal/users/{user_id}/interests',
  },
  getCustomer: {
    callee: 'users',
    callers: ['orders'],
    method: 'GET',
    path: '/internal/customers/{customer_id}',
  },
  getUser: { callee: 'users', callers: ['orders'], method: 'GET', path: '/internal/users/{user_id}' },
  reserve: {
    callee: 'catalog',
    callers: ['orders'],
    method: 'PUT',
    path: '/internal/reservations/{order_id}',
  },
  release: {
    callee: 'catalog',
    callers: ['orders'],
    method: 'DELETE',
    path: '/internal/reservations/{order_id}',
  },
  lookupProducts: { callee: 'catalog', callers: ['cart'], method: 'POST', path: '/internal/products/lookup' },
  placeOrder: { callee: 'orders', callers: ['cart'], method: 'POST', path: '/internal/orders' },
  getOrderState: {
    callee: 'orders',
    callers: ['catalog'],
    method: 'GET',
    path: '/internal/orders/{order_id}/state',
  },
  voidPayment: {
    callee: 'payments',
    callers: ['orders'],
    method: 'POST',
    path: '/internal/payments/{order_id}/void',
  },
} as const satisfies Record<string, InternalCall>;

export type CallName = keyof typeof CALLS;

/** What is asked over HTTP without a service token, because the answer is no secret. */
export const OPEN_CALLS = {
  getKeySet: { callee: 'users', callers: others('users'), method: 'GET', path: '/.well-known/jwks.json' },
  getHealth: { callee: others('gateway'), callers: ['gateway'], method: 'GET', path: '/health' },
} as const satisfies Record<string, OpenCall>;

interface OpenCall {
  readonly callee: ServiceName | readonly ServiceName[];
  readonly callers: readonly ServiceName[];
  readonly method: 'GET';
  readonly path: `/${string}`;
}

/** Who outside is asked, and where its answers arrive that were not asked for. Nobody else may leave the cluster. */
export const OUTSIDE: Readonly<Partial<Record<ServiceName, readonly OutsideParty[]>>> = {
  payments: [{ party: 'stripe', webhookPath: '/api/v1/payments/webhooks/stripe' }],
};

export interface OutsideParty {
  readonly party: 'stripe';
  /** Public path at the service, below its base URL. */
  readonly webhookPath: `/${string}`;
}

/** Where all public paths begin. */
export const PUBLIC_BASE = '/api/v1';

/** Path prefixes below `PUBLIC_BASE` that the gateway forwards; the longest match wins. */
export const PUBLIC_ROUTES: readonly { prefix: string; service: ServiceName }[] = [
  { prefix: '/users', service: 'users' },
  { prefix: '/customers', service: 'users' },
  { prefix: '/tenants', service: 'users' },
  { prefix: '/api-keys', service: 'users' },
  { prefix: '/products', service: 'catalog' },
  { prefix: '/books', service: 'catalog' },
  { prefix: '/cart', service: 'cart' },
  { prefix: '/purchases/checkout', service: 'cart' },
  { prefix: '/orders', service: 'orders' },
  { prefix: '/purchases', service: 'orders' },
  { prefix: '/orchestrator', service: 'orders' },
  { prefix: '/payments', service: 'payments' },
  { prefix: '/invoices', service: 'invoicing' },
  { prefix: '/bill', service: 'invoicing' },
];
