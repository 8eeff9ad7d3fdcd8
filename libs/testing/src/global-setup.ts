import type { TestProject } from 'vitest/node';
import { startTestServers } from './servers.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Login of a Postgres superuser. */
    adminUrl: string;
    natsUrl: string;
  }
}

/** Starts the servers of the integration project once for all of its files. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = await startTestServers();
  project.provide('adminUrl', servers.adminUrl);
  project.provide('natsUrl', servers.natsUrl);
  return async () => {
    await servers[Symbol.asyncDispose]();
  };
}
