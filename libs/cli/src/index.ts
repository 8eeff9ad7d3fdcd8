export { importOrders, type OrdersImport, type OrdersImported } from './orders/import-orders.ts';
export { importProducts, type ProductsImport, type ProductsImported } from './products/import-products.ts';
export { parseCommand } from './command-line.ts';
export { createApi } from './api.ts';
export { run } from './run.ts';
