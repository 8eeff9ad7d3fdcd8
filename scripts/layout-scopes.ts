import type { OxlintOverride } from 'oxlint';

/*
 * Who may import and use what, place by place, as override blocks for oxlint.config.ts.
 *
 * Where two overrides set the same rule, the later one replaces the options of the earlier one and nothing is
 * merged. So every block is built by `scope()` from whole lists, general places come first, and
 * oxlint-config.test.ts lints one offender for every rule and place.
 */

interface ImportBan {
  readonly group?: string[];
  readonly regex?: string;
  readonly message: string;
}

interface PropertyBan {
  readonly object: string;
  readonly property: string;
  readonly message: string;
}

interface Scope {
  readonly files: string[];
  readonly imports: readonly ImportBan[];
  readonly properties?: readonly PropertyBan[];
  readonly globals?: readonly { readonly name: string; readonly message: string }[];
}

function scope({ files, imports, properties = [], globals = [] }: Scope): OxlintOverride {
  return {
    files,
    rules: {
      'no-restricted-imports': ['error', { patterns: [...imports] }],
      'no-restricted-properties': ['error', ...properties],
      'no-restricted-globals': ['error', { globals: [...globals], checkGlobalObject: true }],
    },
  };
}

/** Our own packages, but for those named. Groups are gitignore patterns; oxlint's regexes know no lookahead. */
function onlyOurs(allowed: readonly string[], message: string): ImportBan {
  const exceptions = allowed.flatMap((name) => [`!@zoco/${name}`, `!@zoco/${name}/**`]);
  return { group: ['@zoco/*', '@zoco/*/**', ...exceptions], message };
}

/** Packages by name, with everything below them: `drizzle-orm*` as a group would miss `drizzle-orm/pg-core`. */
function packages(names: readonly string[], message: string): ImportBan {
  return { regex: `^(${names.join('|')})(/|$)`, message };
}

/** Folders of the same service, however deep the importing file lies. */
function folders(names: readonly string[], message: string): ImportBan {
  return { regex: `^\\.{1,2}/(.*/)?(${names.join('|')})/`, message };
}

// services

const SERVICE_LIBS = ['kernel', 'contracts', 'postgres', 'service', 'events'];

const relativeIntoOtherPackage: ImportBan = {
  regex: '^(\\.\\./){2,}(.*/)?src/',
  message: 'Packages never reach into each other by path: import a library as `@zoco/<lib>`.',
};

const nodeProcess = packages(
  ['node:process', 'process'],
  'The environment is read in config.ts only; take what you need from the config object.',
);

const serviceImports = [
  onlyOurs(
    SERVICE_LIBS,
    'Services never import each other (ask over HTTP or consume an event) nor the development libraries.',
  ),
  relativeIntoOtherPackage,
];

const serviceTestImports = [
  onlyOurs(
    [...SERVICE_LIBS, 'testing', 'stripe-sandbox'],
    'Services never import each other, in tests neither: use libs/testing.',
  ),
  relativeIntoOtherPackage,
];

const processEnv: PropertyBan = {
  object: 'process',
  property: 'env',
  message: 'Only config.ts reads the environment: add the setting to its schema and pass the value in.',
};

const rawSql: readonly PropertyBan[] = ['raw', 'identifier'].map((property) => ({
  object: 'sql',
  property,
  message:
    'Text in SQL is an injection in waiting: use placeholders, columns of the schema or a literal map.',
}));

const PURE = 'rules/ is pure: pass values in; I/O belongs in actions/, db/, routes/ or consumers/.';

const ruleImports = [
  onlyOurs(['kernel', 'contracts'], PURE),
  packages(
    [
      'hono',
      '@hono/[^/]+',
      'drizzle-orm',
      'postgres',
      '@nats-io/[^/]+',
      'pino',
      'stripe',
      '@opentelemetry/[^/]+',
      'prom-client',
      'node:.+',
    ],
    PURE,
  ),
  folders(['db', 'routes', 'actions', 'consumers'], PURE),
  relativeIntoOtherPackage,
];

const ruleProperties: readonly PropertyBan[] = [
  {
    object: 'Math',
    property: 'random',
    message: 'Chance comes in as a value: take the number as a parameter.',
  },
  ...rawSql,
];

const TIME =
  'Take `now: Date` as a parameter and give times back as milliseconds; the type `Date` stays usable.';

const ruleGlobals = [
  { name: 'Date', message: TIME },
  { name: 'performance', message: TIME },
  { name: 'setTimeout', message: 'A rule does not wait: say when, and let the action schedule it.' },
  { name: 'setInterval', message: 'A rule does not wait: say when, and let the action schedule it.' },
  { name: 'setImmediate', message: 'A rule does not wait: say when, and let the action schedule it.' },
  { name: 'process', message: 'Take the setting as a parameter; config.ts reads it.' },
  { name: 'fetch', message: 'Take the answer as a parameter; an action asks.' },
  { name: 'console', message: 'Return what there is to say; the caller logs it.' },
  { name: 'crypto', message: 'Take the id or the random bytes as a parameter.' },
];

export const serviceScopes = [
  scope({
    files: ['services/*/src/**'],
    imports: [...serviceImports, nodeProcess],
    properties: [processEnv, ...rawSql],
  }),
  scope({ files: ['services/*/src/config.ts'], imports: serviceImports, properties: rawSql }),
  scope({
    files: ['services/*/src/db/**'],
    imports: [
      ...serviceImports,
      nodeProcess,
      folders(['actions', 'routes', 'consumers'], 'Arrows go one way: db/ is called, it calls nobody.'),
    ],
    properties: [processEnv, ...rawSql],
  }),
  scope({
    files: ['services/*/src/actions/**'],
    imports: [
      ...serviceImports,
      nodeProcess,
      folders(['routes', 'consumers'], 'Arrows go one way: routes/ and consumers/ call actions/.'),
    ],
    properties: [processEnv, ...rawSql],
  }),
  scope({
    files: ['services/*/src/routes/**'],
    imports: [
      ...serviceImports,
      nodeProcess,
      folders(['consumers'], 'What a route and a consumer share is an action: move it to actions/.'),
    ],
    properties: [processEnv, ...rawSql],
  }),
  scope({
    files: ['services/*/src/consumers/**'],
    imports: [
      ...serviceImports,
      nodeProcess,
      folders(['routes'], 'What a route and a consumer share is an action: move it to actions/.'),
    ],
    properties: [processEnv, ...rawSql],
  }),
  scope({
    files: ['services/*/src/rules/**'],
    imports: ruleImports,
    properties: ruleProperties,
    globals: ruleGlobals,
  }),
  scope({ files: ['services/*/src/**/*.test.ts'], imports: serviceTestImports, properties: rawSql }),
];

// libs

const ARROWS = 'Arrows of libs go one way: kernel <- contracts <- postgres <- service <- events <- the rest.';

/** What each library may import of ours. Those at the end serve development and know everything below. */
const LIB_ARROWS: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  contracts: ['kernel'],
  postgres: ['kernel', 'contracts'],
  service: ['kernel', 'contracts', 'postgres'],
  events: ['kernel', 'contracts', 'postgres', 'service'],
  observe: ['kernel', 'contracts'],
  testing: [...SERVICE_LIBS, 'local'],
  local: [...SERVICE_LIBS, 'observe', 'testing', 'cli'],
  cli: [...SERVICE_LIBS, 'observe', 'testing', 'local'],
};

const DEVELOPMENT_LIBS = ['observe', 'testing', 'local', 'cli'];
export const PRODUCTION_LIBS = Object.keys(LIB_ARROWS).filter((lib) => !DEVELOPMENT_LIBS.includes(lib));

const pureLib = packages(
  ['hono', '@hono/[^/]+', 'drizzle-orm', 'postgres', '@nats-io/[^/]+', 'pino'],
  'kernel and contracts are definitions: whoever uses them does the I/O.',
);

export const libScopes = [
  ...Object.entries(LIB_ARROWS).map(([lib, below]) =>
    scope({
      files: [`libs/${lib}/src/**`],
      imports: [
        onlyOurs(below, ARROWS),
        relativeIntoOtherPackage,
        ...(lib === 'kernel' || lib === 'contracts' ? [pureLib] : []),
        ...(DEVELOPMENT_LIBS.includes(lib) ? [] : [nodeProcess]),
      ],
      properties: DEVELOPMENT_LIBS.includes(lib) ? [] : [processEnv],
    }),
  ),
  scope({
    files: ['libs/service/src/config.ts'],
    imports: [onlyOurs(['kernel', 'contracts', 'postgres'], ARROWS), relativeIntoOtherPackage],
  }),
  scope({
    files: ['libs/*/src/**/*.test.ts'],
    imports: [
      onlyOurs([...SERVICE_LIBS, ...DEVELOPMENT_LIBS], 'Libraries know no service.'),
      relativeIntoOtherPackage,
    ],
  }),
];
