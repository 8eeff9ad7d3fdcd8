import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CHART, helm, render, renderText, VALUES_FILES } from '../render.ts';
import { readValues } from './read-values.ts';

const refusal = (...sets: string[]): Promise<string> =>
  renderText([], sets).then(
    () => 'it was rendered',
    (error: unknown) => String(error),
  );

describe('a wrong value is refused, with its place', () => {
  test.each([
    ['orders.replica=3', 'orders:', "'replica'"],
    ['orders.replicas=three', 'orders:', "'/replicas'"],
    ['orders.database.poolmax=3', 'orders:', "'/database'"],
    ['cart.image.pullPolicy=Sometimes', 'cart:', "'/image/pullPolicy'"],
    ['stripeSandbox.settings.env.lower=x', 'stripeSandbox:', "invalid propertyName 'lower'"],
    ['global.mesh.provider=consul', 'zoco:', "'/global/mesh/provider'"],
    ['global.networkPolicy.enabled=false', 'zoco:', "'/global'"],
    ['mesh.provider=istio', 'zoco:', "'mesh'"],
    ['secrets.keep=perhaps', 'zoco:', "'/secrets/keep'"],
    ['postgres.persistence.sizes=1Gi', 'postgres:', "'/persistence'"],
    ['nats.replicas=many', 'nats:', "'/replicas'"],
  ])('%s', async (set, chart, place) => {
    const said = await refusal(set);
    expect(said).toContain(chart);
    expect(said).toContain(place);
  });
});

describe('what cannot work is refused in a sentence that says the way out', () => {
  test.each<[string, string[], string]>([
    ['two autoscalers', ['orders.keda.enabled=true', 'orders.autoscaling.enabled=true'], 'turn one off'],
    [
      'KEDA without consumers',
      ['gateway.keda.enabled=true'],
      'gateway: keda.enabled is true, but keda.consumers',
    ],
    [
      'least above most',
      ['orders.autoscaling.enabled=true', 'orders.autoscaling.minReplicas=20'],
      'is greater than autoscaling.maxReplicas',
    ],
    ['no Postgres at all', ['postgres.enabled=false'], 'set global.externalPostgres.host'],
    [
      'nobody who makes databases',
      ['postgres.enabled=false', 'global.externalPostgres.host=db'],
      'set global.externalPostgres.adminSecret',
    ],
    ['two Postgres', ['global.externalPostgres.host=db'], 'set postgres.enabled=false'],
    ['no NATS at all', ['nats.enabled=false'], 'set global.externalNats.existingSecret'],
    ['two NATS', ['global.externalNats.existingSecret=nats'], 'set nats.enabled=false'],
    ['no Stripe at all', ['stripe.sandbox.enabled=false'], 'set payments.secret.existingSecret'],
    ['two Stripes', ['payments.secret.existingSecret=stripe'], 'set stripe.sandbox.enabled=false'],
    ['an Ingress for nobody', ['gateway.ingress.enabled=true'], 'ingress.hosts is empty'],
    ['a route without a Gateway', ['gateway.httpRoute.enabled=true'], 'names no Gateway'],
    ['a priority without a name', ['priorityClass.create=true'], 'set global.priorityClassName'],
    ['memory in bytes', ['orders.resources.limits.memory=300000000'], "'/resources/limits/memory'"],
  ])('%s', async (_what, sets, sentence) => {
    expect(await refusal(...sets)).toContain(sentence);
  });

  test('a release name that is too long', async () => {
    const said = await helm('template', 'z'.repeat(41), CHART).then(String, String);
    expect(said).toContain('longer than 40 characters');
  });
});

describe('stores outside of the release', () => {
  test('Postgres: logins of the given host, databases made by the given administrator', async () => {
    const objects = await render(
      [],
      [
        'postgres.enabled=false',
        'global.externalPostgres.host=db.example',
        'global.externalPostgres.port=6432',
        'global.externalPostgres.adminSecret=db-admin',
      ],
    );
    const secret = objects.find(({ metadata }) => metadata.name === 'zoco-orders-database');
    const { DATABASE_URL: url = '' } = z.record(z.string(), z.string()).parse(secret?.['data']);
    expect(Buffer.from(url, 'base64').toString()).toMatch(
      /^postgres:\/\/zoco_orders:\w{32}@db\.example:6432\/zoco_orders\?sslmode=verify-full$/,
    );
    expect(JSON.stringify(objects.filter(({ kind }) => kind === 'Deployment'))).toContain(
      '"name":"db-admin","key":"DATABASE_ADMIN_URL"',
    );
    expect(objects.some(({ metadata }) => metadata.name === 'zoco-postgres')).toBe(false);
  });

  test('NATS: one login for all, or one for each', async () => {
    const objects = await render(
      [],
      [
        'nats.enabled=false',
        'global.externalNats.existingSecret=events',
        'cart.nats.existingSecret=events-of-cart',
      ],
    );
    const deployments = JSON.stringify(objects.filter(({ kind }) => kind === 'Deployment'));
    expect(deployments).toContain('"name":"events","key":"NATS_URL"');
    expect(deployments).toContain('"name":"events-of-cart","key":"NATS_URL"');
    expect(objects.some(({ metadata }) => metadata.name.startsWith('zoco-nats'))).toBe(false);
  });
});

test.each([undefined, ...VALUES_FILES])('helm lint --strict has nothing to say (%s)', async (file) => {
  const values = file === undefined ? [] : ['--values', join(CHART, file)];
  const said = await helm('lint', '--strict', CHART, ...values);
  expect(said).not.toMatch(/WARNING|ERROR/);
  expect(said).toContain('0 chart(s) failed');
});

/** Keys that a schema knows, with dots; what holds keys of the reader's own ends there. */
function schemaKeys(schema: unknown, path = ''): string[] {
  const { properties } = z
    .looseObject({ properties: z.record(z.string(), z.unknown()).optional() })
    .parse(schema);
  if (properties === undefined) return [path];
  return Object.entries(properties).flatMap(([key, value]) =>
    schemaKeys(value, path === '' ? key : `${path}.${key}`),
  );
}

const isSameOrWithin = (key: string, other: string) => key === other || key.startsWith(`${other}.`);

describe.each(['', 'charts/service/'])('%svalues.yaml', (folder) => {
  const values = readValues(join(CHART, folder, 'values.yaml'));
  const schema: unknown = JSON.parse(readFileSync(join(CHART, folder, 'values.schema.json'), 'utf8'));

  test('explains every key', () => {
    const services = /^(gateway|users|catalog|cart|orders|payments|invoicing|stripeSandbox)\./;
    expect(
      values.filter(({ key, comment }) => comment === '' && !services.test(key)).map(({ key }) => key),
    ).toEqual([]);
  });

  test('has every key of the schema, and no other', () => {
    // A limit for the CPU can be set where a quota asks for one; there is none to explain.
    const known = schemaKeys(schema).filter((key) => !key.endsWith('resources.limits.cpu'));
    const written = values.map(({ key }) => key);
    expect(
      known.filter(
        (key) => !written.some((other) => isSameOrWithin(other, key) || isSameOrWithin(key, other)),
      ),
    ).toEqual([]);
    expect(
      written.filter(
        (key) => !known.some((other) => isSameOrWithin(key, other) || isSameOrWithin(other, key)),
      ),
    ).toEqual([]);
  });

  test('no object of the schema takes what it does not name', () => {
    const open: string[] = [];
    JSON.stringify(schema, (_key, value: unknown) => {
      const node = z.looseObject({ properties: z.unknown() }).safeParse(value);
      if (node.success && node.data.properties !== undefined && node.data['additionalProperties'] !== false)
        open.push(JSON.stringify(value).slice(0, 80));
      return value;
    });
    expect(open).toEqual([]);
  });
});

test('the versions of chart, services and programs are one', () => {
  const Chart = z.looseObject({ version: z.string(), appVersion: z.string() });
  const product = Chart.parse(readValues.yaml(join(CHART, 'Chart.yaml')));
  expect(product.appVersion).toBe(product.version);
  expect(Chart.parse(readValues.yaml(join(CHART, 'charts/service/Chart.yaml')))).toMatchObject({
    appVersion: product.appVersion,
  });
});
