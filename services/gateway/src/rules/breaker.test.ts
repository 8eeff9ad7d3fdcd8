import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { admit, type BreakerState, CLOSED, report, withdraw } from './breaker.ts';

/** Outcomes of requests made one after the other, one millisecond apart. */
function after(outcomes: readonly boolean[], startMs = 0): BreakerState {
  return outcomes.reduce<BreakerState>(
    (state, failed, index) => report(state, failed, false, startMs + index),
    CLOSED,
  );
}

const times = (count: number, failed: boolean) => Array<boolean>(count).fill(failed);

describe('opening', () => {
  test.each([
    ['19 failures are too few to tell', times(19, true), 'closed'],
    ['20 failures', times(20, true), 'open'],
    ['10 of 20', [...times(10, false), ...times(10, true)], 'open'],
    ['9 of 20', [...times(11, false), ...times(9, true)], 'closed'],
    ['49 of 100', [...times(51, false), ...times(49, true)], 'closed'],
  ])('%s', (_name, outcomes, kind) => {
    expect(after(outcomes).kind).toBe(kind);
  });

  test('failures of more than ten seconds ago no longer count', () => {
    const old = after(times(19, true), 0);
    expect(report(old, true, false, 11_000).kind).toBe('closed');
    expect(report(old, true, false, 9000).kind).toBe('open');
  });
});

describe('open', () => {
  const open = after(times(20, true));

  test('refuses for five seconds and says for how long', () => {
    expect(admit(open, 1019)).toEqual({ admitted: false, retryAfterSeconds: 4 });
    expect(admit(open, 5018)).toEqual({ admitted: false, retryAfterSeconds: 1 });
  });

  test('then lets one probe through and nobody else', () => {
    const probing = admit(open, 5019);
    expect(probing).toMatchObject({ admitted: true, probe: true });
    if (!probing.admitted) return;
    expect(admit(probing.state, 5020)).toEqual({ admitted: false, retryAfterSeconds: 1 });
    expect(report(probing.state, false, true, 5100)).toEqual(CLOSED);
    expect(report(probing.state, true, true, 5100)).toEqual({ kind: 'open', untilMs: 10_100 });
    expect(report(probing.state, false, false, 5100)).toBe(probing.state);
  });

  test('a probe whose client left frees its place', () => {
    const probing = admit(open, 5019);
    if (!probing.admitted) throw new Error('the probe must be admitted');
    const freed = withdraw(probing.state, true, 5200);
    expect(admit(freed, 5200)).toMatchObject({ admitted: true, probe: true });
  });

  test('a probe that never reports is given up', () => {
    const probing = admit(open, 5019);
    if (!probing.admitted) throw new Error('the probe must be admitted');
    expect(admit(probing.state, 20_019)).toMatchObject({ admitted: true, probe: true });
  });
});

test('whatever happens: at most one probe at a time, and a service that answers is asked again within 5 s', () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 3000 }),
    failed: fc.boolean(),
    left: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let state: BreakerState = CLOSED;
      let nowMs = 0;
      for (const { waitMs, failed, left } of steps) {
        nowMs += waitMs;
        const admittance = admit(state, nowMs);
        if (!admittance.admitted) continue;
        state = admittance.state;
        expect(admit(state, nowMs).admitted).toBe(!admittance.probe);
        state = left
          ? withdraw(state, admittance.probe, nowMs)
          : report(state, failed, admittance.probe, nowMs);
      }
      const last = admit(state, nowMs + 5000);
      expect(last.admitted).toBe(true);
      if (!last.admitted) return;
      expect(report(last.state, false, last.probe, nowMs + 5000).kind).toBe('closed');
    }),
  );
});
