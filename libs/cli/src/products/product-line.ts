/** A product as the import of the public API takes it; what is undefined is left out. */
export interface ProductLine {
  readonly sku: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly price_cents: number;
  readonly currency?: string | undefined;
  readonly stock: number;
  readonly category?: string | undefined;
  readonly image_url?: string | undefined;
  readonly tax_rate_bps?: number | undefined;
  readonly attributes?: Readonly<Record<string, string | number>> | undefined;
}

/** A line of a source that was refused, here or by the catalog. */
export interface Refusal {
  readonly line: number;
  readonly sku: string | null;
  readonly reason: string;
}

/** What a line of a source became. */
export type Mapped =
  | { readonly line: number; readonly product: object; readonly sku: string | null }
  | Refusal;
