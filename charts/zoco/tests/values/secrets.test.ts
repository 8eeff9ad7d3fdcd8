import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type KubernetesObject, ofKind, parseObjects, render } from '../render.ts';
import { startCluster } from './cluster.ts';

const Data = z.record(z.string(), z.string());

/** Every generated text by `<secret>/<key>`. */
function textsOf(objects: readonly KubernetesObject[]): Map<string, string> {
  return new Map(
    ofKind(objects, 'Secret').flatMap((object) =>
      Object.entries(Data.parse(object['data'])).map(([key, text]) => [
        `${object.metadata.name}/${key}`,
        Buffer.from(text, 'base64').toString(),
      ]),
    ),
  );
}

const install = async (secrets: readonly KubernetesObject[], ...sets: readonly string[]) => {
  await using cluster = await startCluster(secrets);
  const objects = parseObjects(await cluster.manifest(...sets));
  return { objects, texts: textsOf(objects), requests: cluster.requests };
};

describe('generated secrets', () => {
  test('are made at the first installation, each another one', async () => {
    const { texts, requests } = await install([]);
    expect(requests).toContain('/api/v1/namespaces/shop/secrets/zoco-postgres');
    const passwords = [...texts.values()].map((text) => /:\/\/[^:]+:([^@]+)@/.exec(text)?.[1] ?? text);
    const shared = passwords.filter((text, index) => passwords.indexOf(text) !== index && text.length > 20);
    // Twice in one place each: the administrator of Postgres and of NATS, the logins of NATS, the sandbox's key and secret.
    expect(new Set(shared).size).toBe(11);
    expect(texts.get('zoco-users/USERS_KEY_ENCRYPTION_KEY')).toMatch(/^[\w-]{43}$/);
    expect(texts.get('zoco-cart/CART_TOKEN_KEY')).toMatch(/^\w{48}$/);
    expect(texts.get('zoco-payments/STRIPE_SECRET_KEY')).toBe(
      texts.get('zoco-stripe-sandbox/STRIPE_SANDBOX_SECRET_KEY'),
    );
    expect(texts.get('zoco-nats-orders/NATS_URL')).toBe(
      `nats://orders:${texts.get('zoco-nats/NATS_PASSWORD_ORDERS')}@zoco-nats:4222`,
    );
  });

  test('stay what they are over an upgrade', async () => {
    const first = await install([]);
    const second = await install(ofKind(first.objects, 'Secret'), 'global.logLevel=debug');
    expect(second.texts).toEqual(first.texts);
    const strangers = await install([]);
    expect(strangers.texts).not.toEqual(first.texts);
  });

  test('keep their passwords when an address changes', async () => {
    const first = await install([]);
    const second = await install(
      ofKind(first.objects, 'Secret'),
      'global.tls.postgres=true',
      'global.tls.nats=true',
    );
    const before = first.texts.get('zoco-orders-database/DATABASE_OWNER_URL') ?? '';
    expect(second.texts.get('zoco-orders-database/DATABASE_OWNER_URL')).toBe(
      `${before}?sslmode=verify-full&sslrootcert=/etc/zoco/authorities/postgres.crt`,
    );
    expect(second.texts.get('zoco-nats/NATS_PASSWORD_ADMIN')).toBe(
      first.texts.get('zoco-nats/NATS_PASSWORD_ADMIN'),
    );
    expect(second.texts.get('zoco-nats/NATS_ADMIN_URL')).toMatch(/^tls:.*\?ca_file=/);
  });

  test('get what a new version adds, and nothing else is touched', async () => {
    const first = await install([]);
    const older = ofKind(first.objects, 'Secret').filter(
      ({ metadata }) => metadata.name !== 'zoco-nats-cart' && metadata.name !== 'zoco-cart',
    );
    const second = await install(older);
    expect(second.texts.get('zoco-nats-cart/NATS_URL')).toBe(first.texts.get('zoco-nats-cart/NATS_URL'));
    expect(second.texts.get('zoco-cart/CART_TOKEN_KEY')).not.toBe(
      first.texts.get('zoco-cart/CART_TOKEN_KEY'),
    );
    expect(second.texts.get('zoco-users/USERS_KEY_ENCRYPTION_KEY')).toBe(
      first.texts.get('zoco-users/USERS_KEY_ENCRYPTION_KEY'),
    );
  });

  test('outlive the release, unless told otherwise', async () => {
    const policies = async (...sets: string[]) =>
      new Set(
        ofKind(await render([], sets), 'Secret').map(
          ({ metadata }) => metadata.annotations['helm.sh/resource-policy'],
        ),
      );
    expect(await policies()).toEqual(new Set(['keep']));
    expect(await policies('secrets.keep=false')).toEqual(new Set([undefined]));
  });

  test('are not made where somebody brings them', async () => {
    expect(ofKind(await render([], ['secrets.create=false']), 'Secret')).toEqual([]);
    const own = await render(
      [],
      [
        'users.secret.existingSecret=keys',
        'users.setup.platform-admin.existingSecret=boss',
        'orders.database.existingSecret=orders-db',
        'orders.nats.existingSecret=orders-nats',
      ],
    );
    const names = ofKind(own, 'Secret').map(({ metadata }) => metadata.name);
    for (const name of ['zoco-users', 'zoco-platform-admin', 'zoco-orders-database', 'zoco-nats-orders'])
      expect(names).not.toContain(name);
    const pods = JSON.stringify(ofKind(own, 'Deployment'));
    for (const name of ['keys', 'boss', 'orders-db', 'orders-nats'])
      expect(pods).toContain(`"name":"${name}"`);
  });
});
