/** The services, their local ports (admin port = port + 1000) and whether they own a database. */
export const SERVICES = {
  gateway: { port: 8080, database: false },
  users: { port: 8081, database: true },
  catalog: { port: 8082, database: true },
  cart: { port: 8083, database: true },
  orders: { port: 8084, database: true },
  payments: { port: 8085, database: true },
  invoicing: { port: 8086, database: true },
} as const satisfies Record<string, { port: number; database: boolean }>;

export type ServiceName = keyof typeof SERVICES;

export const SERVICE_NAMES: readonly ServiceName[] = Object.keys(SERVICES).filter(isServiceName);

/** Distance of the admin port (health, metrics) from the public one on one machine. */
export const ADMIN_PORT_OFFSET = 1000;

export function isServiceName(value: string): value is ServiceName {
  return Object.hasOwn(SERVICES, value);
}
