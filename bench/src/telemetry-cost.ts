import { once } from 'node:events';
import { createServer } from 'node:http';
import { SERVICE_NAMES } from '@zoco/contracts';
import { type RunningSystem, startSystem } from '@zoco/local';
import { cpuSecondsOf } from './cpu.ts';
import { median, type RoundOptions, runRound } from './measure.ts';
import { createSender, createShopLoad, openCheckouts } from './shop-load.ts';

const SAMPLE_RATIO = 0.1;
const SCRAPE_MS = 1000;
/** What Prometheus asks for, so that exemplars are written, too. */
const ACCEPT = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';

interface Workload {
  readonly name: string;
  readonly run: (client: number) => Promise<void>;
}

interface Candidate extends AsyncDisposable {
  readonly workloads: readonly Workload[];
  /** Starts what watches it and returns what ends that. */
  watch(): () => void;
}

/**
 * Compares two systems on this machine, round by round in turn so that a slow minute hits both: one without metrics scraped and without
 * traces, one with a tenth of all traces sent to a collector and the metrics of all services read every second, as OpenMetrics.
 */
export async function compareTelemetry(options: RoundOptions): Promise<void> {
  await using sink = await startSink();
  await using plain = await startCandidate(options, { OTEL_EXPORTER_OTLP_ENDPOINT: undefined });
  await using traced = await startCandidate(options, {
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_TRACES_SAMPLER_ARG: String(SAMPLE_RATIO),
  });
  for (const [index, { name, run }] of plain.workloads.entries()) {
    const other = traced.workloads[index]?.run ?? run;
    const without: Round[] = [];
    const withAll: Round[] = [];
    await runRound(options.clients, options.warmUpSeconds, run);
    await runRound(options.clients, options.warmUpSeconds, other);
    for (let round = 0; round < options.rounds; round += 1) {
      const pair = [
        async () => without.push(await measureRound(options, run)),
        async () => {
          const stop = traced.watch();
          withAll.push(await measureRound(options, other));
          stop();
        },
      ];
      // Whoever comes second finds a warmer machine, or a busier disk.
      for (const one of round % 2 === 0 ? pair : pair.toReversed()) await one();
    }
    console.log(name);
    report('operations/s', 'perSecond', without, withAll);
    report('ms CPU of services each', 'cpuMs', without, withAll);
  }
  console.log(`\nspans: ${sink.megabytes().toFixed(1)} MB in ${sink.requests()} requests`);
}

interface Round {
  readonly perSecond: number;
  /** Of all services for one operation; beside a busy neighbour a better measure than throughput. */
  readonly cpuMs: number;
}

async function measureRound(options: RoundOptions, run: Workload['run']): Promise<Round> {
  const before = serviceSeconds();
  const { latenciesMs, failures } = await runRound(options.clients, options.roundSeconds, run);
  if (failures > 0) console.error(`${failures} FAILED`);
  const cpuMs = ((serviceSeconds() - before) * 1000) / latenciesMs.length;
  return { perSecond: latenciesMs.length / options.roundSeconds, cpuMs };
}

/** The system that is not under load uses next to nothing. */
function serviceSeconds(): number {
  const used = cpuSecondsOf(process.pid);
  return SERVICE_NAMES.reduce((sum, name) => sum + (used.get(name) ?? 0), 0);
}

function report(unit: string, key: keyof Round, without: readonly Round[], withAll: readonly Round[]): void {
  const [off, on] = [without, withAll].map((rounds) => rounds.map((round) => round[key]));
  if (off === undefined || on === undefined) return;
  const ratios = on.map((value, round) => (100 * value) / (off[round] ?? Number.NaN));
  const digits = key === 'cpuMs' ? 2 : 0;
  console.log(
    `  ${unit.padEnd(26)}off ${median(off).toFixed(digits).padStart(7)}   on ${median(on).toFixed(digits).padStart(7)}   ` +
      `on/off ${median(ratios).toFixed(1)} % (rounds: ${ratios.map((ratio) => ratio.toFixed(0)).join(', ')})`,
  );
}

async function startCandidate(
  options: RoundOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Candidate> {
  const stack = new AsyncDisposableStack();
  try {
    const system = await startSystem({
      freePorts: true,
      seed: true,
      readyTimeoutMs: 60_000,
      env: { ...process.env, ...env },
    });
    stack.defer(() => system.stop());
    const { send } = stack.use(createSender(options.clients * 2));
    const shop = await createShopLoad(system, send, options.clients);
    const checkouts = stack.use(await openCheckouts(system, send, shop));
    const list = `${shop.api}/products?limit=20`;
    const workloads = [
      { name: 'list 20', run: async () => void (await send('GET', list)) },
      {
        name: 'list 20, signed in',
        run: async (client: number) => void (await send('GET', list, shop.buyers[client])),
      },
      { name: 'checkout, to the issued invoice', run: checkouts.checkOut },
    ];
    return {
      workloads,
      watch: () => scrapeAll(system),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

function scrapeAll(system: RunningSystem): () => void {
  const scrape = async (url: string) => {
    const response = await fetch(`${url}/metrics`, { headers: { accept: ACCEPT } });
    await response.arrayBuffer();
  };
  const timer = setInterval(() => {
    for (const url of Object.values(system.adminUrls))
      scrape(url).catch((error: unknown) => console.error('a scrape failed', error));
  }, SCRAPE_MS);
  return () => clearInterval(timer);
}

/** A collector that throws away what it gets. */
async function startSink() {
  let bytes = 0;
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    megabytes: () => bytes / 1e6,
    requests: () => requests,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
