import type { EventHandler } from '@zoco/events';
import { productDeletedHandler } from './product-deleted.ts';

export const handlers = (): EventHandler[] => [productDeletedHandler];
