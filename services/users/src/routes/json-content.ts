import type { z } from '@hono/zod-openapi';

/** The body of a request or an answer, where a route describes it. */
export const jsonContent = <T extends z.ZodType>(schema: T) => ({
  content: { 'application/json': { schema } },
});
