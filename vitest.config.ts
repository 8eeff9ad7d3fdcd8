import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// They end what hangs; how fast a machine is, no test judges.
const PATIENCE = { testTimeout: 60_000, hookTimeout: 120_000 };

// Two even on two cores, where vitest takes one: half of a test's time is its database's, or is spent waiting.
const maxWorkers = Math.max(2, availableParallelism() - 1);

const FAULTS = 'e2e/journeys/*-faults.e2e.ts';

// Files share what they import: read anew for each of them, the libraries would take longer than the tests.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{libs,services}/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.int.test.ts', '**/node_modules/**'],
          isolate: false,
          maxWorkers,
          ...PATIENCE,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{libs,services}/*/src/**/*.int.test.ts', 'scripts/**/*.int.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: ['libs/testing/src/global-setup.ts'],
          isolate: false,
          maxWorkers,
          ...PATIENCE,
        },
      },
      {
        test: {
          // Each has a system of its own and waits for leases most of the time, so they run beside the others.
          name: 'faults',
          include: [FAULTS],
          exclude: ['**/node_modules/**'],
          globalSetup: ['e2e/build.ts'],
          maxWorkers,
          ...PATIENCE,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.e2e.ts'],
          exclude: ['**/node_modules/**', FAULTS],
          globalSetup: ['e2e/global-setup.ts'],
          ...PATIENCE,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'chart',
          include: ['charts/zoco/tests/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          setupFiles: ['charts/zoco/tests/kubernetes-tools.ts'],
          isolate: false,
          maxWorkers,
          ...PATIENCE,
          // Last: Helm is still being fetched while the others run.
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
