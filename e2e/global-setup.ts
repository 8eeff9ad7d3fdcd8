import { startSystem } from '@zoco/local';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    gatewayUrl: string;
    serviceUrls: Record<string, string>;
    adminUrls: Record<string, string>;
    sandboxUrl: string;
    runtimeDatabaseUrls: Record<string, string>;
    systemNatsUrl: string;
  }
}

/** One whole system for all journeys: every service as its own process, on free ports, with the demo data. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const system = await startSystem({ freePorts: true, seed: true, readyTimeoutMs: 60_000 });
  project.provide('gatewayUrl', system.urls.gateway);
  project.provide('serviceUrls', system.urls);
  project.provide('adminUrls', system.adminUrls);
  project.provide('sandboxUrl', system.sandboxUrl);
  project.provide('systemNatsUrl', system.natsUrl);
  const owners = system.services.filter((name) => name !== 'gateway');
  project.provide(
    'runtimeDatabaseUrls',
    Object.fromEntries(owners.map((name) => [name, system.databaseUrls(name).runtimeUrl])),
  );
  return () => system.stop();
}
