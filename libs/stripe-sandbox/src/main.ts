import { loadConfig } from './config.ts';
import { startStripeSandbox } from './start.ts';

try {
  const sandbox = await startStripeSandbox(loadConfig(process.env));
  const stop = () => void sandbox[Symbol.asyncDispose]();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const line = { level: 'info', service: 'stripe-sandbox', msg: 'ready to serve', url: sandbox.url };
  console.log(JSON.stringify(line));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
