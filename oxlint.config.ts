import { defineConfig } from 'oxlint';
import { libScopes, PRODUCTION_LIBS, serviceScopes } from './scripts/layout-scopes.ts';

// What a linter cannot say of the layout is in scripts/check-boundaries.ts.

const TESTS = ['**/*.test.ts', '**/*.e2e.ts', 'e2e/**'];

export default defineConfig({
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'promise', 'node', 'vitest'],
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ['**/dist/**', '**/node_modules/**', '**/coverage/**'],
  categories: { correctness: 'error', suspicious: 'error' },
  rules: {
    // A promise nobody waits for is work that shutdown cuts off and a failure that nobody hears of.
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/return-await': ['error', 'in-try-catch'],
    'typescript/only-throw-error': 'error',
    'typescript/prefer-promise-reject-errors': 'error',

    // What comes in is parsed by zod; a cast or `any` at an edge would be believed.
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-unsafe-argument': 'error',
    'typescript/no-unsafe-assignment': 'error',
    'typescript/no-unsafe-call': 'error',
    'typescript/no-unsafe-member-access': 'error',
    'typescript/no-unsafe-return': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],

    // Node strips types file by file: an import of a type only must say so, or it fails at run time.
    'typescript/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
    'typescript/no-import-type-side-effects': 'error',
    'unicorn/prefer-node-protocol': 'error',

    eqeqeq: 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    'import/no-cycle': 'error',
    'max-lines': ['error', { max: 300 }],
    'max-lines-per-function': ['error', { max: 60 }],

    // A named inner function may stand where it is used; only one that hides in a closure by mistake matters.
    'unicorn/consistent-function-scoping': ['error', { checkArrowFunctions: false }],
    // Names of packages coincide with names of their exports (`postgres`, `pino`); nothing is wrong with that.
    'import/no-named-as-default': 'off',
    'import/no-named-as-default-member': 'off',
    // Callbacks of `.then` are rare here and the type checker sees a missing value.
    'promise/always-return': 'off',
    // Branded types and discriminants carry names such as `__kind`.
    'no-underscore-dangle': 'off',
  },
  overrides: [
    {
      files: [
        'services/*/src/**',
        ...PRODUCTION_LIBS.map((lib) => `libs/${lib}/src/**`),
        'libs/testing/src/**',
      ],
      rules: { 'no-console': 'error' },
    },
    ...serviceScopes,
    ...libScopes,
    {
      files: TESTS,
      rules: {
        'max-lines': ['error', { max: 500 }],
        // A describe block is a function of the length of its file.
        'max-lines-per-function': 'off',
        'unicorn/consistent-function-scoping': 'off',
        // Tests look into JSON that the assertion itself checks.
        'typescript/no-unsafe-argument': 'off',
        'typescript/no-unsafe-assignment': 'off',
        'typescript/no-unsafe-call': 'off',
        'typescript/no-unsafe-member-access': 'off',
        'typescript/no-unsafe-return': 'off',
        'typescript/no-unsafe-type-assertion': 'off',
        'typescript/unbound-method': 'off',
        'vitest/expect-expect': [
          'error',
          { assertFunctionNames: ['expect', 'expect*', 'assert*', 'fc.assert'] },
        ],
        'vitest/valid-expect': ['error', { maxArgs: 2 }],
      },
    },
    {
      // Plain JavaScript that must run before anything is installed has no types to check.
      files: ['**/*.mjs'],
      rules: {
        'typescript/no-unsafe-argument': 'off',
        'typescript/no-unsafe-assignment': 'off',
        'typescript/no-unsafe-call': 'off',
        'typescript/no-unsafe-member-access': 'off',
        'typescript/no-unsafe-return': 'off',
      },
    },
  ],
});
