import { gunzipSync } from 'node:zlib';
import { createRouter } from '@zoco/service';
import type { Context } from 'hono';
import type { LoadPacked, PackedFile } from '../reference-assets.ts';
import { matchesEtag } from '../rules/caching.ts';

export interface ReferenceOptions {
  /** The merged OpenAPI document as JSON. */
  readonly loadDocument: LoadPacked;
  readonly loadViewer: LoadPacked;
  readonly version: string;
}

// Everything comes from this server. The viewer writes style elements and loads pictures that it carries with it.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Zoco API</title>
<link rel="icon" href="data:,">
</head>
<body>
<div id="reference"></div>
<script src="/docs/viewer.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

// Without the fonts, the proxy and the assistant that the viewer would otherwise ask its maker's servers for.
const START = `Scalar.createApiReference('#reference', {
  url: '/openapi.json',
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
});
`;

/** Paths of the pages below, which have no place in the API's own description. */
export const REFERENCE_PATHS = ['/', '/docs', '/docs/viewer.js', '/docs/start.js', '/openapi.json'] as const;

/** The merged OpenAPI document and a page that shows it, without the internet. */
export function referenceRoutes({ loadDocument, loadViewer, version }: ReferenceOptions) {
  const router = createRouter();
  const index = { name: 'Zoco', version, docs: '/docs', openapi: '/openapi.json', status: '/status' };

  router.get('/', (c) => c.json(index));
  router.get('/openapi.json', async (c) => sendPacked(c, await loadDocument(), 'application/json'));
  router.get('/docs', (c) => {
    c.header('content-security-policy', POLICY);
    return c.html(PAGE);
  });
  router.get('/docs/start.js', (c) => c.body(START, 200, { 'content-type': 'text/javascript' }));
  router.get('/docs/viewer.js', async (c) => sendPacked(c, await loadViewer(), 'text/javascript'));
  return router;
}

function sendPacked(c: Context, { bytes, etag }: PackedFile, contentType: string): Response {
  c.header('etag', etag);
  c.header('cache-control', 'public, no-cache');
  c.header('vary', 'Accept-Encoding, Origin');
  if (matchesEtag(c.req.header('if-none-match'), etag)) return c.body(null, 304);
  c.header('content-type', contentType);
  if (!acceptsGzip(c.req.header('accept-encoding'))) return c.body(new Uint8Array(gunzipSync(bytes)));
  return c.body(bytes, 200, { 'content-encoding': 'gzip' });
}

function acceptsGzip(acceptEncoding: string | undefined): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(acceptEncoding ?? '');
}
