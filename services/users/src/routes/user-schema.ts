import { z } from '@hono/zod-openapi';
import { roleField } from '@zoco/contracts';
import type { SignedIn } from '../actions/open-session.ts';
import type { User } from '../db/users.ts';
import { EMAIL_LENGTH_MAX, isEmail, normalizeEmail } from '../rules/email.ts';
import { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, passwordLength } from '../rules/password.ts';

/** One line of text for people: no control characters, trimmed. */
export const lineField = (lengthMax: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(lengthMax)
    .refine((text) => !/\p{Cc}/u.test(text), 'must be one line of text');

export const emailField = z
  .string()
  .max(EMAIL_LENGTH_MAX)
  .transform(normalizeEmail)
  .refine(isEmail, 'must be an e-mail address')
  .openapi({
    type: 'string',
    format: 'email',
    example: 'ana@example.com',
    description: 'Compared without regard to case, one account per tenant.',
  });

/** Any password that could be one: whether it is good enough is a question for new ones only. */
export const passwordField = z
  .string()
  .min(1)
  .refine((text) => passwordLength(text) <= PASSWORD_LENGTH_MAX, {
    message: `may have at most ${PASSWORD_LENGTH_MAX} characters`,
  })
  .openapi({
    type: 'string',
    format: 'password',
    maxLength: PASSWORD_LENGTH_MAX,
    example: 'correct horse battery',
  });

export const newPasswordField = passwordField.openapi({
  minLength: PASSWORD_LENGTH_MIN,
  description: `${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} characters of any kind, and none of those that attackers try first.`,
});

export const languageField = z
  .string()
  .regex(/^[a-z]{2,3}(-[A-Z]{2})?$/, 'must be a language such as es or es-MX')
  .openapi({ example: 'es', description: 'BCP 47 language, with a region if it matters.' });

export const categoriesField = z
  .array(lineField(80))
  .max(50)
  .transform((names) => [...new Set(names)])
  .openapi({ type: 'array', items: { type: 'string' }, example: ['fiction'] });

export const userSchema = z
  .object({
    id: z.string().openapi({ example: 'usr_01jqb3k5xwf7kt3qk5v1y6zj3m' }),
    tenant_id: z.string(),
    email: z.string(),
    first_name: z.string(),
    last_name: z.string(),
    roles: z.array(roleField),
    active: z.boolean(),
    preferences: z.object({
      categories: z.array(z.string()),
      language: z.string().nullable(),
    }),
    created_at: z.string(),
    updated_at: z.string(),
    version: z.int().openapi({ description: 'Counts the changes.' }),
  })
  .openapi('User', {
    example: {
      id: 'usr_01jqb3k5xwf7kt3qk5v1y6zj3m',
      tenant_id: 'libros',
      email: 'ana@example.com',
      first_name: 'Ana',
      last_name: 'García',
      roles: ['customer'],
      active: true,
      preferences: { categories: ['fiction'], language: 'es' },
      created_at: '2026-11-22T10:15:00.000Z',
      updated_at: '2026-11-22T10:15:00.000Z',
      version: 1,
    },
  });

export const sessionSchema = z
  .object({
    user: userSchema,
    access_token: z.string().openapi({ description: 'Send as `Authorization: Bearer …`.' }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().openapi({ description: 'Seconds until the access token expires.', example: 900 }),
    refresh_token: z.string().openapi({
      description: 'Good for one `POST /users/refresh`.',
      example: 'zrt_libros.kBzW0lPz3pVvXrH9v3J1oYc2bQm8nTqKf5sDgE7uAaU',
    }),
  })
  .openapi('Session');

export function userView(user: User): z.infer<typeof userSchema> {
  return {
    id: user.id,
    tenant_id: user.tenantId,
    email: user.email,
    first_name: user.firstName,
    last_name: user.lastName,
    roles: user.roles,
    active: user.active,
    preferences: { categories: user.categories, language: user.language },
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
    version: user.version,
  };
}

export function sessionView(signedIn: SignedIn): z.infer<typeof sessionSchema> {
  return {
    user: userView(signedIn.user),
    access_token: signedIn.accessToken,
    token_type: 'Bearer',
    expires_in: signedIn.expiresInSeconds,
    refresh_token: signedIn.refreshToken,
  };
}
