import { createHash } from 'node:crypto';
import { createRouter } from '@zoco/service';
import type { LoadViewer } from '../reference-assets.ts';

export interface ReferenceOptions {
  /** The merged OpenAPI document as JSON. */
  readonly openapi: string;
  readonly loadViewer: LoadViewer;
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
export function referenceRoutes({ openapi, loadViewer, version }: ReferenceOptions) {
  const router = createRouter();
  const etag = `"${createHash('sha256').update(openapi).digest('base64url')}"`;
  const index = { name: 'Zoco', version, docs: '/docs', openapi: '/openapi.json', status: '/status' };

  router.get('/', (c) => c.json(index));
  router.get('/openapi.json', (c) => {
    c.header('etag', etag);
    c.header('cache-control', 'public, no-cache');
    if (c.req.header('if-none-match') === etag) return c.body(null, 304);
    return c.body(openapi, 200, { 'content-type': 'application/json' });
  });
  router.get('/docs', (c) => {
    c.header('content-security-policy', POLICY);
    return c.html(PAGE);
  });
  router.get('/docs/start.js', (c) => c.body(START, 200, { 'content-type': 'text/javascript' }));
  router.get('/docs/viewer.js', async (c) => {
    const viewer = await loadViewer();
    return c.body(new Uint8Array(viewer), 200, {
      'content-type': 'text/javascript',
      'content-encoding': 'gzip',
      'cache-control': 'public, max-age=3600',
    });
  });
  return router;
}
