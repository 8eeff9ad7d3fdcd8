/** How many favorites, and how many wishes, one user may have. */
export const LIST_LENGTH_MAX = 1000;

/** How many of each are told to whoever recommends products. */
export const INTERESTS_MAX = 500;
