import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

const LOG = new URL('log.ts', import.meta.url).href;

/** What a process writes that logs as `script` says; stdout is the logger's own, so it takes a process to see it. */
function written(script: string): { text: string; lines: Record<string, unknown>[] } {
  const program = `import { createLogger } from ${JSON.stringify(LOG)};
    const log = createLogger({ service: 'orders', version: '1.2.3', level: 'info' });
    ${script}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return {
    text: stdout,
    lines: stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

test('a line is JSON with the service, its version and the time', () => {
  const { lines } = written(`log.info({ order: 'ord_1' }, 'placed'); log.debug('unseen');`);
  expect(lines).toEqual([
    {
      level: 30,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      service: 'orders',
      version: '1.2.3',
      order: 'ord_1',
      msg: 'placed',
    },
  ]);
});

test('a line within a span names it and its trace', () => {
  const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const { lines } = written(`
    const { inSpan, startTelemetry } = await import(${JSON.stringify(new URL('telemetry.ts', LOG).href)});
    await startTelemetry({ service: 'orders', version: '1.2.3', sampleRatio: 1 });
    await inSpan('work', { kind: 1, parent: '${parent}' }, async () => log.info('inside'));
    log.info('outside');`);
  expect(lines).toMatchObject([
    {
      trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
      span_id: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
    },
    { msg: 'outside' },
  ]);
  expect(lines[1]).not.toHaveProperty('trace_id');
});

test('what a client sends cannot forge a line', () => {
  const { lines } = written(String.raw`log.info({ name: 'a\n{"level":60,"msg":"forged"}' }, 'x\r\ny');`);
  expect(lines).toHaveLength(1);
});

describe('secrets', () => {
  const names = [
    'authorization',
    'cookie',
    'password',
    'token',
    'access_token',
    'refresh_token',
    'payment_token',
    'client_secret',
    'api_key',
    'secret',
    'stripe-signature',
  ];

  test('are replaced at the top, one and two levels down', () => {
    const entry = (value: string) => Object.fromEntries(names.map((name) => [name, value]));
    const { text, lines } = written(
      `log.info(${JSON.stringify({ ...entry('canary'), body: entry('canary'), req: { headers: entry('canary') }, kept: 'yes' })});`,
    );
    expect(text).not.toContain('canary');
    expect(lines[0]).toMatchObject({
      kept: 'yes',
      password: '[redacted]',
      req: { headers: { authorization: '[redacted]' } },
    });
  });

  test('also in what a child logger carries', () => {
    const { text } = written(`log.child({ token: 'canary', user: { password: 'canary' } }).info('hello');`);
    expect(text).not.toContain('canary');
  });

  test('also in what an error carries, and in children of children', () => {
    const { text, lines } = written(`
      const err = Object.assign(new Error('outer'), { token: 'canary', request: { headers: { cookie: 'canary' } } });
      log.child({ a: 1 }).child({ secret: 'canary' }).error({ err, cause: err }, 'failed');`);
    expect(text).not.toContain('canary');
    expect(lines[0]).toMatchObject({ a: 1, err: { type: 'Error', message: 'outer', token: '[redacted]' } });
  });

  test('times stay times, and what was logged stays as it was', () => {
    const { lines } = written(`
      const fields = { at: new Date(0), list: [{ token: 'x' }], token: 'kept' };
      log.info(fields);
      log.info({ kept: fields.token });`);
    expect(lines).toMatchObject([{ at: '1970-01-01T00:00:00.000Z', token: '[redacted]' }, { kept: 'kept' }]);
    expect(JSON.stringify(lines[0])).not.toContain('"x"');
  });

  test('an error is told with its cause, for people who mend it', () => {
    const { text } = written(
      `log.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed');`,
    );
    expect(text).toContain('outer');
    expect(text).toContain('inner');
  });
});
