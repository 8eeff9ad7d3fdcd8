import { parseArgs } from 'node:util';
import { SetupError } from './setup-error.ts';

export interface StartOptions {
  readonly fresh: boolean;
  readonly watch: boolean;
  readonly observe: boolean;
  readonly help: boolean;
}

export const START_HELP = `npm start [-- flags]     runs Zoco on this machine; Ctrl-C stops it

  --fresh    delete the data of earlier runs first
  --watch    rebuild and restart services when their source changes (npm run dev)
  --observe  also run Prometheus with the alert rules, and a page with traces
  --help     show this

Environment
  ZOCO_PORT_OFFSET=100    shift every port, to run beside another Zoco
  DATABASE_URL            use this Postgres (a login that may create databases and roles) instead of starting one
  NATS_URL                use this NATS (with JetStream) instead of starting one
  LOG_LEVEL, OTEL_*, <SERVICE>_*    passed on to the services`;

/**
 * Reads the flags of `npm start`.
 * @throws SetupError for anything that is not one of them
 */
export function parseStartOptions(args: readonly string[]): StartOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        fresh: { type: 'boolean', default: false },
        watch: { type: 'boolean', default: false },
        observe: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false, short: 'h' },
      },
    });
    return values;
  } catch {
    const unknown =
      args.find((arg) => !['--fresh', '--watch', '--observe', '--help', '-h'].includes(arg)) ??
      args.join(' ');
    throw new SetupError(
      `npm start knows no '${unknown}': it takes --fresh, --watch, --observe and --help, after \`--\`.`,
    );
  }
}
