import type { ServiceName } from '@zoco/contracts';
import { z } from 'zod';
import { createClusterIdentity } from './cluster-identity.ts';
import { createClusterKeys } from './cluster-keys.ts';
import { createKubernetesApi, type kubernetesEnv } from './kubernetes-api.ts';
import { loadIdentity, type ServiceIdentity } from './service-identity.ts';
import { createTokenFiles } from './token-files.ts';

/** How services prove to each other who they are; what each way needs is in `CHOICES` of config.ts. */
export const identityEnv = {
  /** `keys`: each service signs with a key of its own. `kubernetes`: the cluster signs, by projected ServiceAccount tokens. */
  SERVICE_IDENTITY: z.enum(['keys', 'kubernetes']).default('keys'),
  SERVICE_IDENTITY_KEY_FILE: z.string().min(1).optional(),
  SERVICE_IDENTITY_JWKS_FILE: z.string().min(1).optional(),
  /** Holds `<callee>/token` for every callee. */
  SERVICE_IDENTITY_TOKEN_DIR: z.string().min(1).optional(),
  /** `system:serviceaccount:<namespace>:<release>-` */
  SERVICE_IDENTITY_SUBJECTS_PREFIX: z
    .string()
    .regex(/^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]*$/)
    .optional(),
} as const;

type IdentityConfig = z.output<z.ZodObject<typeof identityEnv & typeof kubernetesEnv>>;

/** The identity of a service as its configuration says. @throws Error when a key file cannot be read */
export async function openIdentity(name: ServiceName, config: IdentityConfig): Promise<ServiceIdentity> {
  if (config.SERVICE_IDENTITY === 'keys') {
    return loadIdentity({
      name,
      keyFile: needed(config, 'SERVICE_IDENTITY_KEY_FILE'),
      jwksFile: needed(config, 'SERVICE_IDENTITY_JWKS_FILE'),
    });
  }
  const api = createKubernetesApi({ url: config.KUBERNETES_API_URL, dir: config.KUBERNETES_API_DIR });
  return createClusterIdentity({
    name,
    tokenFor: createTokenFiles(needed(config, 'SERVICE_IDENTITY_TOKEN_DIR')),
    keys: createClusterKeys(api),
    subjectsPrefix: needed(config, 'SERVICE_IDENTITY_SUBJECTS_PREFIX'),
  });
}

/** `readConfig` refuses an environment without it; a configuration that did not come from there may lack it. */
function needed(config: IdentityConfig, name: Exclude<keyof typeof identityEnv, 'SERVICE_IDENTITY'>): string {
  const value = config[name];
  if (value === undefined) throw new Error(`${name} is missing`);
  return value;
}
