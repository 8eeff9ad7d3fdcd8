import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './fixtures/schema.ts',
  out: './fixtures/migrations',
});
