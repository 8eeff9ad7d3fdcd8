import { readFileSync } from 'node:fs';
import { DEMO_PASSWORD } from '@zoco/local';
import type { Credentials } from '../api.ts';
import type { Smoke } from '../command-line.ts';
import { reasonOf, UsageFailure } from '../failure.ts';
import { credentialsFor } from '../sign-in.ts';
import { isLoopback, present, type Surroundings } from '../surroundings.ts';

/** The reserved tenant of the platform's own staff, who may make tenants. */
export const PLATFORM_TENANT = 'zoco';
const DEMO_PLATFORM_EMAIL = 'platform@zoco.example';

/**
 * Who signs in for a smoke test: in a tenant that exists its staff, else the platform's administrator, as said or as
 * the Secret of the installation says (`PLATFORM_ADMIN_EMAIL`, and `PLATFORM_ADMIN_PASSWORD` or a file that holds it).
 * @throws UsageFailure when nobody is named and the gateway is elsewhere, or the file cannot be read
 */
export function smokeCredentials(command: Smoke, surroundings: Surroundings, url: string): Credentials {
  const { tenant, email, password } = command;
  if (tenant !== undefined) return credentialsFor({ ...command, tenant }, surroundings, url);
  const { env } = surroundings;
  const login = {
    email: email ?? present(env['PLATFORM_ADMIN_EMAIL']),
    password: password ?? present(env['PLATFORM_ADMIN_PASSWORD']) ?? passwordInFile(env),
  };
  if (login.email !== undefined && login.password !== undefined) {
    return { kind: 'password', email: login.email, password: login.password };
  }
  if (isLoopback(url)) return { kind: 'password', email: DEMO_PLATFORM_EMAIL, password: DEMO_PASSWORD };
  throw new UsageFailure(
    `Say who may make tenants at ${url}: PLATFORM_ADMIN_EMAIL with PLATFORM_ADMIN_PASSWORD or PLATFORM_ADMIN_PASSWORD_FILE, or --tenant with a login of its staff.`,
  );
}

function passwordInFile(env: Surroundings['env']): string | undefined {
  const file = present(env['PLATFORM_ADMIN_PASSWORD_FILE']);
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch (error) {
    throw new UsageFailure(`PLATFORM_ADMIN_PASSWORD_FILE cannot be read (${reasonOf(error)}).`);
  }
}
