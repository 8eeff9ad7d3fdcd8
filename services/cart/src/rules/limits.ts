/** Different products in one cart; what orders and catalog take in one order is more. */
export const LINES_MAX = 200;

/** Units of one product in one cart. */
export const QUANTITY_MAX = 10_000;
