import type { ServiceName } from '@zoco/contracts';
import { expect, test } from 'vitest';
import { type EnvironmentSource, serviceEnvironment } from './service-environment.ts';

const passwords = { owner: 'o', runtime: 'r', worker: 'w' };
const source: EnvironmentSource = {
  caller: {},
  ports: new Map<ServiceName, { port: number; adminPort: number }>([
    ['users', { port: 1, adminPort: 2 }],
    ['gateway', { port: 3, adminPort: 4 }],
  ]),
  natsUrl: 'nats://127.0.0.1:5',
  databases: new Map<ServiceName, { runtimeUrl: string; workerUrl: string }>([
    ['users', { runtimeUrl: 'postgres://runtime', workerUrl: 'postgres://worker' }],
  ]),
  secrets: {
    rolePasswords: {
      gateway: passwords,
      users: passwords,
      catalog: passwords,
      cart: passwords,
      orders: passwords,
      payments: passwords,
      invoicing: passwords,
    },
    usersKeyEncryptionKey: 'key',
    stripeWebhookSecret: 'whsec_1',
    cartTokenKey: 'cart-key',
    identityKeyFile: (service) => `/identity/${service}.json`,
    identityJwksFile: '/identity/jwks.json',
  },
  version: '1.2.3',
};

test('a service gets its own addresses, logins and keys', () => {
  expect(serviceEnvironment('users', source)).toMatchObject({
    NODE_ENV: 'production',
    SERVICE_NAME: 'users',
    SERVICE_VERSION: '1.2.3',
    HOST: '127.0.0.1',
    PORT: '1',
    ADMIN_PORT: '2',
    DATABASE_URL: 'postgres://runtime',
    DATABASE_WORKER_URL: 'postgres://worker',
    NATS_URL: 'nats://127.0.0.1:5',
    GATEWAY_URL: 'http://127.0.0.1:3',
    CATALOG_URL: 'http://127.0.0.1:8082',
    SERVICE_IDENTITY_KEY_FILE: '/identity/users.json',
    SERVICE_IDENTITY_JWKS_FILE: '/identity/jwks.json',
    USERS_KEY_ENCRYPTION_KEY: 'key',
  });
});

test('a service without a database has no login, and nobody else has the key of users', () => {
  const environment = serviceEnvironment('gateway', source);
  expect(
    Object.keys(environment).filter((name) => name.startsWith('DATABASE') || name.endsWith('KEY')),
  ).toEqual([]);
});

test('of the caller only what is meant for it passes', () => {
  const caller = {
    PATH: '/bin',
    HOME: '/home/ana',
    LOG_LEVEL: 'debug',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector',
    ZOCO_FAILPOINT: 'after-commit',
    USERS_ARGON2_CONCURRENCY: '2',
    CATALOG_IMPORT_BYTES_MAX: '1',
    AWS_SECRET_ACCESS_KEY: 'secret',
    NODE_OPTIONS: '--inspect',
    DATABASE_URL: 'postgres://admin',
    PORT: '80',
    USERS_URL: 'http://elsewhere',
    USERS_UNSET: undefined,
  };
  const environment = serviceEnvironment('users', { ...source, caller });
  expect(environment).toMatchObject({
    PATH: '/bin',
    HOME: '/home/ana',
    LOG_LEVEL: 'debug',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector',
    ZOCO_FAILPOINT: 'after-commit',
    USERS_ARGON2_CONCURRENCY: '2',
    DATABASE_URL: 'postgres://runtime',
    PORT: '1',
    USERS_URL: 'http://127.0.0.1:1',
  });
  for (const name of ['CATALOG_IMPORT_BYTES_MAX', 'AWS_SECRET_ACCESS_KEY', 'NODE_OPTIONS', 'USERS_UNSET']) {
    expect(environment).not.toHaveProperty(name);
  }
});
