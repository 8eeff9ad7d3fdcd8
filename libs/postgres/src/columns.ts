import type { Id, IdKind, TenantId } from '@zoco/kernel';
import { bigint, char, customType, integer, timestamp } from 'drizzle-orm/pg-core';

// Ids compare bytewise: "C" makes index order the order of creation, whatever the database's locale is.
const cText = customType<{ data: string; driverData: string }>({ dataType: () => 'text collate "C"' });

/** First column of every table, first in every key. */
export const tenantIdColumn = () => cText('tenant_id').$type<TenantId>().notNull();

/** A TypeID of one kind, sorted bytewise. */
export const id = <K extends IdKind>(name: string, _kind: K) => cText(name).$type<Id<K>>();

/** An amount in minor units. */
export const cents = (name: string) => bigint(name, { mode: 'number' });

export const currency = (name = 'currency') => char(name, { length: 3 });

export const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

export const createdAt = () => time('created_at').notNull().defaultNow();

export const updatedAt = () => time('updated_at').notNull().defaultNow();

/** Counts the changes of a row: compared and raised by each update, carried by its events. */
export const version = () => integer('version').notNull().default(1);
