import { z } from '@hono/zod-openapi';
import { Problem } from '@zoco/kernel';
import { anonymous, type AppEnv, createRouter, defineRoute, open, signedIn } from '@zoco/service';
import type { Context } from 'hono';
import { login } from '../actions/login.ts';
import { logout } from '../actions/logout.ts';
import { refreshSession } from '../actions/refresh-session.ts';
import { registerUser } from '../actions/register-user.ts';
import { getAccount } from '../db/users.ts';
import type { UsersDeps } from '../users-deps.ts';
import { clientNetwork } from './client-network.ts';
import { jsonContent } from './json-content.ts';
import { personOf } from './person.ts';
import { ctxOfToken } from './token-tenant.ts';
import {
  emailField,
  lineField,
  newPasswordField,
  passwordField,
  sessionSchema,
  sessionView,
  userSchema,
  userView,
} from './user-schema.ts';

const registration = z
  .strictObject({
    email: emailField,
    password: newPasswordField,
    first_name: lineField(100),
    last_name: lineField(100),
  })
  .openapi('Registration', {
    example: {
      email: 'ana@example.com',
      password: 'correct horse battery',
      first_name: 'Ana',
      last_name: 'García',
    },
  });

const credentials = z
  .strictObject({ email: emailField, password: passwordField })
  .openapi('Credentials', { example: { email: 'ana@example.com', password: 'correct horse battery' } });

const refreshToken = z.strictObject({ refresh_token: z.string().min(1).max(200) }).openapi('RefreshToken', {
  example: { refresh_token: 'zrt_libros.kBzW0lPz3pVvXrH9v3J1oYc2bQm8nTqKf5sDgE7uAaU' },
});

const validation = z
  .object({ valid: z.literal(true), tenant_id: z.string(), user: userSchema })
  .openapi('TokenValidation');

const tags = ['users'];

const registerRoute = defineRoute({
  method: 'post',
  path: '/api/v1/users/register',
  access: anonymous,
  summary: 'Register',
  description:
    'Creates a customer account in the tenant and signs it in. Answers 409 `email_taken` for a known address.',
  tags,
  request: { body: jsonContent(registration) },
  responses: { 201: { description: 'The account and its first session.', ...jsonContent(sessionSchema) } },
  problems: [403, 409],
});

const loginRoute = defineRoute({
  method: 'post',
  path: '/api/v1/users/login',
  access: anonymous,
  summary: 'Sign in',
  description:
    'Answers 401 `credentials_invalid` for a wrong password and for an unknown address alike, and 429 `login_delayed` with `Retry-After` after too many failures: after five 1 s, then 2, 4 … 60 s.',
  tags,
  request: { body: jsonContent(credentials) },
  responses: { 200: { description: 'A new session.', ...jsonContent(sessionSchema) } },
  problems: [401, 403],
});

const refreshRoute = defineRoute({
  method: 'post',
  path: '/api/v1/users/refresh',
  access: open,
  summary: 'Renew the tokens of a session',
  description:
    'A refresh token is good for one use and names its tenant itself. Used again within ten seconds it gives the same pair once more (a lost answer); used again after that it ends the session for whoever holds it (`refresh_token_reused`).',
  tags,
  request: { body: jsonContent(refreshToken) },
  responses: { 200: { description: 'A new pair of tokens.', ...jsonContent(sessionSchema) } },
  problems: [401, 403],
});

const logoutRoute = defineRoute({
  method: 'post',
  path: '/api/v1/users/logout',
  access: open,
  summary: 'Sign out',
  description: 'Ends the session of a refresh token. A token that is not known any more answers the same.',
  tags,
  request: { body: jsonContent(refreshToken) },
  responses: { 204: { description: 'The session has ended.' } },
  problems: [403],
});

const validateRoute = defineRoute({
  method: 'get',
  path: '/api/v1/users/validate',
  access: signedIn('users:read'),
  summary: 'Check an access token',
  description: 'Answers 401 also when the session was ended or the user may not sign in any more.',
  tags,
  responses: { 200: { description: 'The token is valid.', ...jsonContent(validation) } },
});

export function sessionRoutes(deps: UsersDeps) {
  const router = createRouter();

  router.openapi(registerRoute, async (c) => {
    const { email, password, first_name, last_name } = c.req.valid('json');
    const input = {
      email,
      password,
      firstName: first_name,
      lastName: last_name,
      network: clientNetwork(c),
    };
    const session = await registerUser(c.var.ctx, deps, input);
    return secret(c).json(sessionView(session), 201);
  });

  router.openapi(loginRoute, async (c) => {
    const session = await login(c.var.ctx, deps, { ...c.req.valid('json'), network: clientNetwork(c) });
    return secret(c).json(sessionView(session), 200);
  });

  router.openapi(refreshRoute, async (c) => {
    const { refresh_token: token } = c.req.valid('json');
    const session = await refreshSession(await ctxOfToken(c, deps, 'zrt', token, invalid), deps, token);
    return secret(c).json(sessionView(session), 200);
  });

  router.openapi(logoutRoute, async (c) => {
    const { refresh_token: token } = c.req.valid('json');
    await endSession(c, deps, token);
    return c.body(null, 204);
  });

  router.openapi(validateRoute, async (c) => {
    const ctx = c.var.userCtx;
    personOf(ctx);
    const user = await ctx.read((tx) => getAccount(tx, ctx.principal));
    return secret(c).json({ valid: true as const, tenant_id: ctx.tenantId, user: userView(user) }, 200);
  });

  return router;
}

/** Nobody on the way may keep an answer that carries tokens (RFC 6749, section 5.1). */
function secret<C extends Context>(c: C): C {
  c.header('cache-control', 'no-store');
  return c;
}

/** A token that cannot be one belongs to no session, and neither does one of a tenant that does not exist. */
async function endSession(c: Context<AppEnv>, deps: UsersDeps, token: string): Promise<void> {
  try {
    await logout(await ctxOfToken(c, deps, 'zrt', token, invalid), token);
  } catch (error) {
    if (!(error instanceof Problem && error.kind === 'unauthenticated')) throw error;
  }
}

function invalid(): Problem {
  return new Problem('unauthenticated', 'refresh_token_invalid', 'The refresh token is not valid.');
}
