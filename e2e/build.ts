import { buildServices, ROOT } from '@zoco/local';

/** What journeys with a system of their own start. */
export default async function setup(): Promise<void> {
  await buildServices(ROOT);
}
