import { describe, expect, test } from 'vitest';
import { parseCommand } from './command-line.ts';
import { UsageFailure } from './failure.ts';

const parse = (line: string) => parseCommand(line.split(' ').filter((word) => word !== ''));
const nobody = { url: undefined, email: undefined, password: undefined, apiKey: undefined };

test.each([
  ['', { name: 'help' }],
  ['help', { name: 'help' }],
  ['import products --help', { name: 'help' }],
  [
    'import products books.csv.gz --tenant libros',
    {
      name: 'import products',
      file: 'books.csv.gz',
      tenant: 'libros',
      ...nobody,
      format: undefined,
      strict: false,
      report: undefined,
    },
  ],
  [
    'import products --format ndjson p --tenant acme --strict --report r --url https://shop.example/x --api-key k',
    {
      name: 'import products',
      file: 'p',
      tenant: 'acme',
      ...nobody,
      url: 'https://shop.example',
      apiKey: 'k',
      format: 'ndjson',
      strict: true,
      report: 'r',
    },
  ],
  [
    'import orders retail.csv --tenant acme --concurrency 16 --limit 2000 --email a@b.example --password p',
    {
      name: 'import orders',
      file: 'retail.csv',
      tenant: 'acme',
      ...nobody,
      email: 'a@b.example',
      password: 'p',
      concurrency: 16,
      limit: 2000,
      strict: false,
      report: undefined,
    },
  ],
  ['replay', { name: 'replay', sinceMs: 14 * 86_400_000, service: undefined }],
  ['replay --since 3h --service orders', { name: 'replay', sinceMs: 10_800_000, service: 'orders' }],
  ['replay --since 30m', { name: 'replay', sinceMs: 1_800_000, service: undefined }],
  [
    'replay --since 2026-11-22T10:00:00Z',
    { name: 'replay', sinceMs: new Date('2026-11-22T10:00:00Z'), service: undefined },
  ],
  ['redrive', { name: 'redrive', service: undefined }],
  ['smoke', { name: 'smoke', ...nobody, tenant: undefined, timeoutSeconds: 120 }],
  [
    'smoke --tenant libros --timeout 30 --api-key k',
    { name: 'smoke', ...nobody, tenant: 'libros', apiKey: 'k', timeoutSeconds: 30 },
  ],
  ['doctor', { name: 'doctor', url: undefined, json: false }],
  ['doctor --json --url http://10.0.0.7:8080/', { name: 'doctor', url: 'http://10.0.0.7:8080', json: true }],
])('zoco %s', (line, expected) => {
  expect(parse(line)).toEqual(expected);
});

describe('refused with one sentence', () => {
  test.each([
    ['frobnicate', /no command 'frobnicate'/],
    ['import', /import products FILE/],
    ['import customers x', /import products FILE/],
    ['import products', /needs a file/],
    ['import products --tenant libros', /needs a file/],
    ['import products a', /needs --tenant/],
    ['import products a b --tenant libros', /does not take 'b'/],
    ['import products a --tenant Libros', /cannot be a tenant/],
    ['import products a --tnant libros', /Unknown option '--tnant'/],
    ['import products a --tenant libros --format xml', /goodbooks, csv, ndjson/],
    ['import products a --tenant libros --url shop.example', /--url is 'shop.example'/],
    ['import products a --tenant libros --url ftp://shop.example', /--url/],
    ['import products a --tenant libros --email a@b.example', /go together/],
    ['import products a --tenant libros --email a --password b --api-key c', /either/],
    ['import orders a --tenant libros --concurrency 0', /from 1 to 64/],
    ['import orders a --tenant libros --concurrency 65', /from 1 to 64/],
    ['import orders a --tenant libros --limit -1', /--limit/],
    ['import orders a --tenant libros --limit 1e3', /--limit/],
    ['replay --since yesterday', /14d, 3h or 30m/],
    ['replay --since 14', /14d, 3h or 30m/],
    ['replay --since 2026-99-99', /14d, 3h or 30m/],
    ['replay --service shop', /no service 'shop'/],
    ['redrive orders', /does not take 'orders'/],
    ['doctor --json=yes', /--json/],
  ])('zoco %s', (line, sentence) => {
    expect(() => parse(line)).toThrow(UsageFailure);
    expect(() => parse(line)).toThrow(sentence);
    expect(() => parse(line)).toThrow(/^[^\n]+\.$/);
  });
});
