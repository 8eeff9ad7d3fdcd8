/** Result of one workload: operations per second of each round, and latencies of all of them. */
export interface Measurement {
  readonly name: string;
  readonly perSecond: readonly number[];
  readonly latenciesMs: Float64Array;
  readonly failures: number;
}

export interface RoundOptions {
  readonly clients: number;
  readonly rounds: number;
  readonly roundSeconds: number;
  readonly warmUpSeconds: number;
}

/** Runs `work` from `clients` closed loops: each starts its next operation when the one before has ended. */
export async function measure(
  name: string,
  options: RoundOptions,
  work: (client: number) => Promise<void>,
): Promise<Measurement> {
  await runRound(options.clients, options.warmUpSeconds, work);
  const perSecond: number[] = [];
  const latencies: number[] = [];
  let failures = 0;
  for (let index = 0; index < options.rounds; index += 1) {
    const result = await runRound(options.clients, options.roundSeconds, work);
    perSecond.push(result.latenciesMs.length / options.roundSeconds);
    latencies.push(...result.latenciesMs);
    failures += result.failures;
  }
  return { name, perSecond, latenciesMs: Float64Array.from(latencies).toSorted(), failures };
}

/** Runs `work` once from all clients for that long. */
export async function runRound(
  clients: number,
  seconds: number,
  work: (client: number) => Promise<void>,
): Promise<{ latenciesMs: number[]; failures: number }> {
  const endMs = performance.now() + seconds * 1000;
  const latenciesMs: number[] = [];
  let failures = 0;
  const loop = async (client: number) => {
    while (performance.now() < endMs) {
      const startMs = performance.now();
      try {
        await work(client);
        const doneMs = performance.now();
        if (doneMs <= endMs) latenciesMs.push(doneMs - startMs);
      } catch (error) {
        failures += 1;
        if (failures === 1) console.error(error);
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => loop(client)));
  return { latenciesMs, failures };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** One line of the report: median and spread of the rounds, latency, failures. */
export function describe({ name, perSecond, latenciesMs, failures }: Measurement): string {
  const rate = median(perSecond).toFixed(0).padStart(7);
  const spread = `${Math.min(...perSecond).toFixed(0)}–${Math.max(...perSecond).toFixed(0)}`.padStart(13);
  const latency = `p50 ${percentile(latenciesMs, 0.5).toFixed(1)} ms, p99 ${percentile(latenciesMs, 0.99).toFixed(1)} ms`;
  return `${name.padEnd(34)}${rate}/s ${spread}   ${latency}${failures > 0 ? `   ${failures} FAILED` : ''}`;
}
