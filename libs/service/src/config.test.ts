import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { baseEnv, ConfigError, databaseEnv, readConfig } from './config.ts';

const good = {
  SERVICE_NAME: 'orders',
  NATS_URL: 'nats://127.0.0.1:4222',
  USERS_URL: 'http://127.0.0.1:8081',
  SERVICE_IDENTITY_KEY_FILE: '/keys/orders.json',
  SERVICE_IDENTITY_JWKS_FILE: '/keys/jwks.json',
  DATABASE_URL: 'postgres://a:b@127.0.0.1/c',
  DATABASE_WORKER_URL: 'postgres://a:b@127.0.0.1/c',
};
const Env = z.object({ ...baseEnv, ...databaseEnv });

function faultsOf(env: NodeJS.ProcessEnv, schema: z.ZodType = Env): string {
  try {
    readConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('the environment was taken');
}

test('reads what is there, and has a default for the rest', () => {
  expect(readConfig(Env, { ...good, PORT: '8084', LOG_LEVEL: '', UNKNOWN: 'x' })).toEqual({
    ...good,
    SERVICE_VERSION: '0.1.0',
    HOST: '0.0.0.0',
    PORT: 8084,
    ADMIN_PORT: 9090,
    LOG_LEVEL: 'info',
    REQUESTS_IN_FLIGHT_MAX: 200,
    SHUTDOWN_DELAY_MS: 0,
    SHUTDOWN_TIMEOUT_MS: 15_000,
    OTEL_TRACES_SAMPLER_ARG: 1,
    DATABASE_POOL_MAX: 10,
    SERVICE_IDENTITY: 'keys',
    KUBERNETES_API_URL: 'https://kubernetes.default.svc',
    KUBERNETES_API_DIR: '/var/run/secrets/kubernetes.io/serviceaccount',
  });
});

describe('half of a way to prove an identity is refused:', () => {
  const cluster = {
    ...good,
    SERVICE_IDENTITY: 'kubernetes',
    SERVICE_IDENTITY_KEY_FILE: undefined,
    SERVICE_IDENTITY_JWKS_FILE: undefined,
    SERVICE_IDENTITY_TOKEN_DIR: '/var/run/zoco/identity',
    SERVICE_IDENTITY_SUBJECTS_PREFIX: 'system:serviceaccount:shop:zoco-',
  };

  test('nothing of it, when it is whole', () => {
    expect(readConfig(Env, cluster)).toMatchObject({ SERVICE_IDENTITY: 'kubernetes' });
  });

  test.each<[string, NodeJS.ProcessEnv, string[]]>([
    [
      'no keys',
      { ...good, SERVICE_IDENTITY_KEY_FILE: '', SERVICE_IDENTITY_JWKS_FILE: undefined },
      [
        'SERVICE_IDENTITY_KEY_FILE: is missing, SERVICE_IDENTITY=keys needs it',
        'SERVICE_IDENTITY_JWKS_FILE: is missing, SERVICE_IDENTITY=keys needs it',
      ],
    ],
    [
      'no tokens',
      { ...cluster, SERVICE_IDENTITY_TOKEN_DIR: undefined },
      ['SERVICE_IDENTITY_TOKEN_DIR: is missing, SERVICE_IDENTITY=kubernetes needs it'],
    ],
    [
      'no prefix',
      { ...cluster, SERVICE_IDENTITY_SUBJECTS_PREFIX: undefined },
      ['SERVICE_IDENTITY_SUBJECTS_PREFIX: is missing, SERVICE_IDENTITY=kubernetes needs it'],
    ],
    [
      'tokens without the choice',
      { ...cluster, SERVICE_IDENTITY: undefined },
      [
        'SERVICE_IDENTITY_KEY_FILE: is missing, SERVICE_IDENTITY=keys needs it',
        'SERVICE_IDENTITY_JWKS_FILE: is missing, SERVICE_IDENTITY=keys needs it',
        'SERVICE_IDENTITY_TOKEN_DIR: belongs to SERVICE_IDENTITY=kubernetes, not to SERVICE_IDENTITY=keys',
        'SERVICE_IDENTITY_SUBJECTS_PREFIX: belongs to SERVICE_IDENTITY=kubernetes, not to SERVICE_IDENTITY=keys',
      ],
    ],
    [
      'a key beside the tokens, and a port that is none',
      { ...cluster, SERVICE_IDENTITY_KEY_FILE: '/keys/orders.json', PORT: 'x' },
      [
        'PORT: is not valid (invalid_type)',
        'SERVICE_IDENTITY_KEY_FILE: belongs to SERVICE_IDENTITY=keys, not to SERVICE_IDENTITY=kubernetes',
      ],
    ],
    [
      'a choice that is none',
      { ...cluster, SERVICE_IDENTITY: 'trust' },
      ['SERVICE_IDENTITY: is not valid (invalid_value)'],
    ],
    [
      'a prefix that any subject has',
      { ...cluster, SERVICE_IDENTITY_SUBJECTS_PREFIX: 'system:' },
      ['SERVICE_IDENTITY_SUBJECTS_PREFIX: is not valid (invalid_format)'],
    ],
    [
      'an API server without TLS',
      { ...cluster, KUBERNETES_API_URL: 'http://10.0.0.1' },
      ['KUBERNETES_API_URL: is not valid (invalid_format)'],
    ],
  ])('%s', (_what, env, faults) => {
    expect(faultsOf(env)).toBe(
      ['The environment is not right:', ...faults.map((fault) => `  ${fault}`)].join('\n'),
    );
  });
});

test('every fault is told at once, with the variable and what is wrong', () => {
  const message = faultsOf({
    ...good,
    DATABASE_URL: 'not a url',
    PORT: '70000',
    NATS_URL: undefined,
    USERS_URL: '',
  });
  expect(message.split('\n').toSorted()).toEqual([
    '  DATABASE_URL: is not valid (invalid_format)',
    '  NATS_URL: is missing',
    '  PORT: is not valid (too_big)',
    '  USERS_URL: is missing',
    'The environment is not right:',
  ]);
});

describe('a value is never told', () => {
  test.each([
    ['a URL that is none', { DATABASE_URL: 'hunter2' }],
    ['a number that is none', { PORT: 'hunter2' }],
    ['a choice that is none', { LOG_LEVEL: 'hunter2' }],
  ])('%s', (_what, env) => {
    expect(faultsOf({ ...good, ...env })).not.toContain('hunter2');
  });

  test('not by a rule whose message quotes it', () => {
    const schema = z.object({
      API_KEY: z.string().refine(() => false, { error: (issue) => `bad key ${String(issue.input)}` }),
    });
    expect(faultsOf({ API_KEY: 'hunter2' }, schema)).toBe(
      'The environment is not right:\n  API_KEY: is not valid (custom)',
    );
  });

  test('not by a rule over several', () => {
    const schema = z
      .object({ A: z.string(), B: z.string() })
      .refine(() => false, { error: 'hunter2 does not fit hunter3' });
    const message = faultsOf({ A: 'hunter2', B: 'hunter3' }, schema);
    expect(message).not.toContain('hunter');
    expect(message).toContain('A, B: do not fit together');
  });

  test('whatever the variables hold', () => {
    const values = fc.record({
      DATABASE_URL: fc.string({ minLength: 6 }),
      PORT: fc.stringMatching(/^[a-z]{6,20}$/),
      LOG_LEVEL: fc.stringMatching(/^x[a-z]{6,20}$/),
    });
    fc.assert(
      fc.property(values, (env) => {
        const message = faultsOf({ ...good, ...env });
        for (const value of Object.values(env)) expect(message).not.toContain(value);
      }),
    );
  });
});
