import { Problem } from '@zoco/kernel';
import { headerOf, type IncomingHttpHeaders } from './http-headers.ts';

/** How a request says who makes it. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'api_key'; readonly key: string };

const BEARER = /^Bearer ([\w.~+/-]+=*)$/i;
const API_KEY = /^zk_[\w.-]{16,190}$/;

/**
 * The credentials of a request: an access token or API key as Bearer, or an API key in `X-Api-Key`.
 * @throws Problem `token_invalid` for anything that cannot be one, `credentials_ambiguous` when there are two
 */
export function credentialsOf(headers: IncomingHttpHeaders): Credentials {
  const authorization = headerOf(headers, 'authorization');
  const apiKey = headerOf(headers, 'x-api-key');
  if (authorization === undefined && apiKey === undefined) return { kind: 'none' };
  if (authorization !== undefined && apiKey !== undefined) {
    throw new Problem('malformed', 'credentials_ambiguous', 'Send Authorization or X-Api-Key, not both.');
  }
  const [, token] = authorization === undefined ? [] : (BEARER.exec(authorization) ?? []);
  const key = apiKey ?? (token?.startsWith('zk_') === true ? token : undefined);
  if (key !== undefined) {
    if (!API_KEY.test(key)) throw invalidApiKey();
    return { kind: 'api_key', key };
  }
  if (token === undefined) {
    throw new Problem('unauthenticated', 'token_invalid', 'The access token is not valid.');
  }
  return { kind: 'token', token };
}

/** The same for a key that never was, has expired or was revoked. */
export function invalidApiKey(): Problem {
  return new Problem('unauthenticated', 'api_key_invalid', 'The API key is not valid.');
}
