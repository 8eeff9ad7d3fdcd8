/** What one round of a workload came to. */
export interface Round {
  readonly perSecond: number;
  /** Of the operations that ended within the round; none where something else has measured. */
  readonly latenciesMs: readonly number[];
  /** All that succeeded, also after the end of the round. */
  readonly completed: number;
  readonly failures: number;
}

/** Something whose operations per second are measured, beside others. */
export interface Workload {
  readonly name: string;
  round(seconds: number): Promise<Round>;
}

/** The rounds of one workload. */
export interface Measurement {
  readonly name: string;
  readonly rounds: readonly Round[];
}

export interface RoundOptions {
  readonly clients: number;
  readonly rounds: number;
  readonly roundSeconds: number;
  readonly warmUpSeconds: number;
}

/**
 * Measures workloads in turns: a round of each, then the next round of each. A slow minute of the machine hits all of them, so that they
 * can be compared round by round.
 */
export async function measureInTurns(
  workloads: readonly Workload[],
  options: RoundOptions,
): Promise<Measurement[]> {
  for (const workload of workloads) await workload.round(options.warmUpSeconds);
  const measured = workloads.map(({ name }) => ({ name, rounds: new Array<Round>() }));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const [index, workload] of workloads.entries())
      measured[index]?.rounds.push(await workload.round(options.roundSeconds));
  }
  return measured;
}

/** A workload of `clients` closed loops: each starts its next operation when the one before has ended. */
export function closedLoops(
  name: string,
  clients: number,
  work: (client: number) => Promise<void>,
): Workload {
  return { name, round: (seconds) => runRound(clients, seconds, work) };
}

/** The workload with something to do after each round, which is not measured. */
export function endingWith(workload: Workload, end: () => Promise<void>): Workload {
  return {
    name: workload.name,
    async round(seconds) {
      const round = await workload.round(seconds);
      await end();
      return round;
    },
  };
}

/** Runs `work` from all clients for that long, and waits for what is under way then. */
export async function runRound(
  clients: number,
  seconds: number,
  work: (client: number) => Promise<void>,
): Promise<Round> {
  const endMs = performance.now() + seconds * 1000;
  const latenciesMs: number[] = [];
  let completed = 0;
  let failures = 0;
  const loop = async (client: number) => {
    while (performance.now() < endMs) {
      const startMs = performance.now();
      try {
        await work(client);
        completed += 1;
        const doneMs = performance.now();
        if (doneMs <= endMs) latenciesMs.push(doneMs - startMs);
      } catch (error) {
        failures += 1;
        if (failures === 1) console.error(error);
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => loop(client)));
  return { perSecond: latenciesMs.length / seconds, latenciesMs, completed, failures };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [Math.floor((sorted.length - 1) / 2), Math.floor(sorted.length / 2)];
  return ((sorted[low] ?? Number.NaN) + (sorted[high] ?? Number.NaN)) / 2;
}

export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** One line of the report: median and spread of the rounds, latency, failures. */
export function describe({ name, rounds }: Measurement): string {
  const rates = rounds.map(({ perSecond }) => perSecond);
  const rate = median(rates).toFixed(0).padStart(7);
  const spread = `${Math.min(...rates).toFixed(0)}–${Math.max(...rates).toFixed(0)}`.padStart(13);
  const latenciesMs = Float64Array.from(rounds.flatMap((round) => round.latenciesMs)).toSorted();
  const latency =
    latenciesMs.length === 0
      ? ''
      : `   p50 ${percentile(latenciesMs, 0.5).toFixed(1)} ms, p99 ${percentile(latenciesMs, 0.99).toFixed(1)} ms`;
  const failures = rounds.reduce((sum, round) => sum + round.failures, 0);
  return `${name.padEnd(34)}${rate}/s ${spread}${latency}${failures > 0 ? `   ${failures} FAILED` : ''}`;
}

/** How much more one operation takes than one of a floor does, round by round. */
export function describeRatio(one: Measurement, floor: Measurement): string {
  const ratios = floor.rounds.map(
    ({ perSecond }, round) => perSecond / (one.rounds[round]?.perSecond ?? Number.NaN),
  );
  const each = ratios.map((ratio) => ratio.toFixed(1)).join(', ');
  return `${one.name}: as much as ${median(ratios).toFixed(1)} times "${floor.name}" (rounds: ${each})`;
}
