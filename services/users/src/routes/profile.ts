import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, signedIn } from '@zoco/service';
import { changePassword } from '../actions/change-password.ts';
import { type ProfileChange, updateProfile } from '../actions/update-profile.ts';
import { getAccount } from '../db/users.ts';
import type { UsersDeps } from '../users-deps.ts';
import { clientNetwork } from './client-network.ts';
import { jsonContent } from './json-content.ts';
import { personOf } from './person.ts';
import {
  categoriesField,
  languageField,
  lineField,
  newPasswordField,
  passwordField,
  userSchema,
  userView,
} from './user-schema.ts';

const profilePatch = z
  .strictObject({
    first_name: lineField(100).optional(),
    last_name: lineField(100).optional(),
    preferences: z
      .strictObject({
        categories: categoriesField.optional(),
        language: languageField.nullable().optional(),
      })
      .optional(),
  })
  .openapi('ProfilePatch', {
    example: { first_name: 'Ana', preferences: { categories: ['fiction'], language: 'es' } },
  });

const passwordChange = z
  .strictObject({ current_password: passwordField, new_password: newPasswordField })
  .openapi('PasswordChange', {
    example: { current_password: 'correct horse battery', new_password: 'an even longer staple' },
  });

const tags = ['users'];

const getRoute = defineRoute({
  method: 'get',
  path: '/api/v1/users/profile',
  access: signedIn('users:read'),
  summary: 'Own profile',
  tags,
  responses: { 200: { description: 'The user who asks.', ...jsonContent(userSchema) } },
});

const patchRoute = defineRoute({
  method: 'patch',
  path: '/api/v1/users/profile',
  access: signedIn('users:write'),
  summary: 'Change the own profile',
  description: 'What is left out stays. Roles and state are for administrators.',
  tags,
  request: { body: jsonContent(profilePatch) },
  responses: { 200: { description: 'The profile as it is now.', ...jsonContent(userSchema) } },
});

const passwordRoute = defineRoute({
  method: 'post',
  path: '/api/v1/users/password',
  access: signedIn('users:write'),
  summary: 'Change the own password',
  description:
    'Ends all other sessions of the user. Answers 403 `password_wrong` when the current one is wrong; such failures count like those of sign-in.',
  tags,
  request: { body: jsonContent(passwordChange) },
  responses: { 204: { description: 'The password was changed.' } },
  problems: [409],
});

export function profileRoutes(deps: UsersDeps) {
  const router = createRouter();

  router.openapi(getRoute, async (c) => {
    const ctx = c.var.userCtx;
    personOf(ctx);
    const user = await ctx.read((tx) => getAccount(tx, ctx.principal));
    return c.json(userView(user), 200);
  });

  router.openapi(patchRoute, async (c) => {
    personOf(c.var.userCtx);
    const { first_name, last_name, preferences } = c.req.valid('json');
    const change: ProfileChange = {
      firstName: first_name,
      lastName: last_name,
      categories: preferences?.categories,
      language: preferences?.language,
    };
    return c.json(userView(await updateProfile(c.var.userCtx, change)), 200);
  });

  router.openapi(passwordRoute, async (c) => {
    personOf(c.var.userCtx);
    const { current_password: currentPassword, new_password: newPassword } = c.req.valid('json');
    await changePassword(c.var.userCtx, deps, { currentPassword, newPassword, network: clientNetwork(c) });
    return c.body(null, 204);
  });

  return router;
}
