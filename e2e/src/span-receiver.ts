import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';

const value = z.looseObject({
  stringValue: z.string().optional(),
  intValue: z.union([z.number(), z.string()]).optional(),
  boolValue: z.boolean().optional(),
});
const attributes = z
  .array(z.object({ key: z.string(), value }))
  .transform((list) =>
    Object.fromEntries(
      list.map(({ key, value: of }) => [
        key,
        of.stringValue ?? (of.intValue === undefined ? of.boolValue : Number(of.intValue)),
      ]),
    ),
  );
const span = z.object({
  name: z.string(),
  kind: z.number(),
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  attributes,
  links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).optional(),
  status: z.object({ code: z.number().optional() }),
});
const request = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(span) })),
    }),
  ),
});

/** A span as it came over the wire, with what its process said of itself. */
export type ReceivedSpan = z.infer<typeof span> & {
  readonly service: string;
  readonly resource: Readonly<Record<string, unknown>>;
};

export interface SpanReceiver extends AsyncDisposable {
  readonly url: string;
  ofTrace(traceId: string): ReceivedSpan[];
}

/** Takes spans over OTLP/HTTP in JSON, as a collector does. @see https://opentelemetry.io/docs/specs/otlp/#otlphttp */
export async function startSpanReceiver(): Promise<SpanReceiver> {
  const spans: ReceivedSpan[] = [];
  const server = createServer((incoming, response) => {
    void json(incoming).then((body) => {
      for (const { resource, scopeSpans } of request.parse(body).resourceSpans) {
        const service = String(resource.attributes['service.name']);
        for (const { spans: some } of scopeSpans)
          spans.push(...some.map((one) => ({ ...one, service, resource: resource.attributes })));
      }
      response.setHeader('content-type', 'application/json');
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    ofTrace: (traceId) => spans.filter((one) => one.traceId === traceId),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
