import { observationLines } from './observation.ts';
import type { RunningSystem } from './running-system.ts';
import { DEMO_PASSWORD, DEMO_TENANTS, PLATFORM_EMAIL, PLATFORM_TENANT } from './seed-data.ts';

/** What a person needs to know once everything runs: where it is, who may log in, and a first request that works. */
export function welcome({ urls, dir, observation }: RunningSystem, elapsedMs: number): string[] {
  const tenants = DEMO_TENANTS.map(({ settings }) => settings.id);
  return [
    '',
    `Zoco is ready in ${(elapsedMs / 1000).toFixed(1)} s.`,
    '',
    `  API      ${urls.gateway}/api/v1`,
    `  docs     ${urls.gateway}/docs`,
    `  status   ${urls.gateway}/status`,
    `  logs     ${dir}/logs`,
    ...observationLines(observation),
    '',
    `  logins (password ${DEMO_PASSWORD})`,
    ...tenants.map(
      (tenant) =>
        `    ${tenant.padEnd(8)} admin@${tenant}.example  staff@${tenant}.example  buyer@${tenant}.example`,
    ),
    `    ${PLATFORM_TENANT.padEnd(8)} ${PLATFORM_EMAIL}`,
    '',
    '  a first request',
    `    curl -H 'X-Tenant: libros' '${urls.gateway}/api/v1/products/search?q=quijote'`,
    '',
  ];
}
