import { Problem } from '@zoco/kernel';
import { describe, expect, test } from 'vitest';
import { credentialsOf } from './credentials.ts';

const key = `zk_acme.${'a'.repeat(43)}`;

function codeOf(headers: Record<string, string>): string {
  try {
    return credentialsOf(headers).kind;
  } catch (error) {
    return error instanceof Problem ? `${error.status} ${error.code}` : 'a bug';
  }
}

describe('credentialsOf', () => {
  test.each([
    ['none', {}, 'none'],
    ['a token', { authorization: 'Bearer ab.cd.ef' }, 'token'],
    ['the scheme in any case', { authorization: 'bearer ab.cd.ef' }, 'token'],
    ['an API key as Bearer', { authorization: `Bearer ${key}` }, 'api_key'],
    ['an API key', { 'x-api-key': key }, 'api_key'],
    ['Basic', { authorization: 'Basic YTpi' }, '401 token_invalid'],
    ['no scheme', { authorization: 'ab.cd.ef' }, '401 token_invalid'],
    ['nothing after the scheme', { authorization: 'Bearer ' }, '401 token_invalid'],
    ['two tokens', { authorization: 'Bearer ab.cd.ef, Bearer gh' }, '401 token_invalid'],
    ['an empty header', { authorization: '' }, '401 token_invalid'],
    ['a broken key', { 'x-api-key': 'zk_' }, '401 api_key_invalid'],
    ['a token as key', { 'x-api-key': 'ab.cd.ef' }, '401 api_key_invalid'],
    ['a key with more behind it', { 'x-api-key': `${key}\n` }, '401 api_key_invalid'],
    ['both', { authorization: 'Bearer ab.cd.ef', 'x-api-key': key }, '400 credentials_ambiguous'],
  ])('%s', (_name, headers, expected) => {
    expect(codeOf(headers)).toBe(expected);
  });
});
