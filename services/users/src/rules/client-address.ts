const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/**
 * The network that a client address belongs to: what one attacker can change addresses within. /24 of IPv4, /64 of IPv6
 * (the smallest that is handed out); undefined for what is no address.
 */
export function networkOf(address: string): string | undefined {
  if (IPV4.test(address)) return `${address.split('.').slice(0, 3).join('.')}.0/24`;
  const groups = ipv6Groups(address);
  if (groups === undefined) return undefined;
  const [, , , , , marker, high = 0, low = 0] = groups;
  // An IPv4 address in IPv6 clothes, as dual-stack sockets show it.
  if (groups.slice(0, 5).every((group) => group === 0) && marker === 0xffff) {
    return networkOf([high >> 8, high & 255, low >> 8, low & 255].join('.'));
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

function ipv6Groups(address: string): number[] | undefined {
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(address) || !URL.canParse(`http://[${address}]`)) return undefined;
  // The URL standard gives one spelling to each address: lower case, compressed, no dotted tail.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
}
