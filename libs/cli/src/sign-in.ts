import { DEMO_PASSWORD } from '@zoco/local';
import type { Credentials } from './api.ts';
import type { Connection } from './command-line.ts';
import { UsageFailure } from './failure.ts';
import { isLoopback, present, type Surroundings } from './surroundings.ts';

/**
 * Who signs in: as said, as the environment says, else the demo login of a gateway on this machine.
 * @throws UsageFailure when nobody is named and the gateway is elsewhere
 */
export function credentialsFor(
  { email, password, apiKey, tenant }: Connection,
  { env }: Surroundings,
  url: string,
): Credentials {
  const key = apiKey ?? (email === undefined ? present(env['ZOCO_API_KEY']) : undefined);
  if (key !== undefined) return { kind: 'api-key', key };
  const login = {
    email: email ?? present(env['ZOCO_EMAIL']),
    password: password ?? present(env['ZOCO_PASSWORD']),
  };
  if (login.email !== undefined && login.password !== undefined) {
    return { kind: 'password', email: login.email, password: login.password };
  }
  if (isLoopback(url)) return { kind: 'password', email: `staff@${tenant}.example`, password: DEMO_PASSWORD };
  throw new UsageFailure(`Say who you are at ${url}: --email and --password, or --api-key.`);
}
