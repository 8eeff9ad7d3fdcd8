/**
 * Address of the client. Each trusted proxy has added the address that it saw to the right of `X-Forwarded-For`, so the client
 * is the rightmost one that is not itself a trusted proxy; everything to its left is the client's own claim.
 * @param peer the other end of the connection
 * @param forwardedFor the header, which only counts when a trusted proxy sends it
 */
export function clientAddress(
  peer: string,
  forwardedFor: string | undefined,
  isTrusted: (address: string) => boolean,
): string {
  let client = plain(peer);
  if (forwardedFor === undefined || !isTrusted(client)) return client;
  for (const claimed of forwardedFor.split(',').toReversed()) {
    const address = withoutPort(claimed.trim());
    if (!ADDRESS.test(address)) return client;
    client = plain(address);
    if (!isTrusted(client)) return client;
  }
  return client;
}

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*)$/i;

/** Some proxies write `1.2.3.4:5678` and `[2001:db8::1]:5678`. */
function withoutPort(text: string): string {
  const [, bracketed] = /^\[([^\]]+)\](?::\d+)?$/.exec(text) ?? [];
  return bracketed ?? text.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
}

/** IPv4 as a dual-stack socket shows it (`::ffff:10.0.0.1`) is IPv4. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/**
 * What one client can hardly choose freely: the whole IPv4 address, of IPv6 the /64 that a subscriber is given.
 * Otherwise one home could use 2^64 addresses.
 */
export function addressGroup(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array<string>(Math.max(0, gap)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
