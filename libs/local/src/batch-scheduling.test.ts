import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const SCHED_BATCH = '3';

// proc_pid_stat(5): the 41st field, counted from behind the name, which may hold blanks.
const policyOf = (stat: string) => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38];

test.runIf(process.platform === 'linux')(
  'what a process starts afterwards is scheduled as batch work, with timers that may wait for each other',
  () => {
    const program = `
    import { execFileSync } from 'node:child_process';
    import { scheduleAsBatch } from '${new URL('./batch-scheduling.ts', import.meta.url).href}';
    scheduleAsBatch();
    process.stdout.write(execFileSync('cat', ['/proc/self/stat', '/proc/self/timerslack_ns']));`;
    const run = (text: string) =>
      execFileSync(process.execPath, ['--input-type=module', '--eval', text], { encoding: 'utf8' });
    const scheduled = run(program);
    expect(policyOf(scheduled)).toBe(SCHED_BATCH);
    expect(scheduled).toMatch(/^3000000$/m);
    expect(policyOf(run(program.replace('scheduleAsBatch();', '')))).not.toBe(SCHED_BATCH);
  },
);
