import type { AppEnv } from '@zoco/service';
import type { Context } from 'hono';
import { networkOf } from '../rules/client-address.ts';

/** Set by the gateway, which removes what clients send under this name. */
const CLIENT_IP_HEADER = 'x-zoco-client-ip';

/** Network of the client, as the gateway tells it; undefined when it does not. */
export function clientNetwork(c: Context<AppEnv>): string | undefined {
  return networkOf(c.req.header(CLIENT_IP_HEADER)?.trim() ?? '');
}
