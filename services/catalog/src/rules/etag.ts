/** What an answer about a product depends on. */
export interface ProductState {
  readonly version: number;
  readonly stockVersion: number;
  /** The tenant's settings give the tax rate of products that follow it. */
  readonly tenantVersion: number;
  /** Staff see more. */
  readonly staff: boolean;
}

/** Strong entity tag of a product (RFC 9110, 8.8.3): version of content, of stock and of the tenant's settings. */
export function productEtag(state: ProductState): string {
  return `"${state.version}-${state.stockVersion}-${state.tenantVersion}${state.staff ? 's' : ''}"`;
}

/** Whether `If-None-Match` names the tag. Weak comparison: a proxy may have weakened what we sent. */
export function isFresh(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return tagsOf(ifNoneMatch).some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag);
}

/**
 * Whether `If-Match` lets a change of this version through. Only the version of the content counts: a sale in between
 * changes the stock and takes nothing away from what the writer saw.
 */
export function mayReplace(ifMatch: string | undefined, version: number): boolean {
  if (ifMatch === undefined) return true;
  return tagsOf(ifMatch).some((tag) => tag === '*' || new RegExp(`^"${version}-\\d+-\\d+s?"$`).test(tag));
}

function tagsOf(header: string): string[] {
  return header.split(',').map((tag) => tag.trim());
}
