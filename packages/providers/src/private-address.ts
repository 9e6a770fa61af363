import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { lookup } from "node:dns/promises";
import { BlockList, isIP, type LookupFunction } from "node:net";

// Everything that IANA's special-purpose registries do not call globally reachable.
// Two lists, because one would take each IPv4 address for its form in ::ffff:0:0/96.
const refused4 = new BlockList();
const refused6 = new BlockList();
for (const [net, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const) {
  refused4.addSubnet(net, prefix, "ipv4");
}
// Global unicast is 2000::/3 alone; inside it are documentation, and 6to4, which can hide a private IPv4 address.
for (const [net, prefix] of [
  ["::", 3],
  ["4000::", 2],
  ["8000::", 1],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
] as const) {
  refused6.addSubnet(net, prefix, "ipv6");
}

/** Whether an IP address (not a name) is loopback, private, link-local or otherwise not of the public network. */
export function isPrivateAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const family = isIP(bare);
  if (family === 0) return false;
  if (family === 4) return refused4.check(bare, "ipv4");
  const mapped = mappedIpv4(bare);
  return mapped === null ? refused6.check(bare, "ipv6") : refused4.check(mapped, "ipv4");
}

/** Whether a host, by name or address, leads to a private address now. A name that is not known leads nowhere: connecting judges it again. */
export async function leadsToPrivateAddress(host: string): Promise<boolean> {
  if (isPrivateAddress(host)) return true;
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.some(({ address }) => isPrivateAddress(address));
}

/** A DNS lookup that fails with ERR_PRIVATE_ADDRESS; done at connect time, so that a name cannot change its mind afterwards. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, options, (error, found, family) => {
    if (error !== null) return callback(error, found, family);
    const addresses: readonly LookupAddress[] =
      typeof found === "string" ? [{ address: found, family: family ?? 0 }] : found;
    if (addresses.some(({ address }) => isPrivateAddress(address)))
      return callback(privateAddressError(), found, family);
    callback(null, found, family);
  });
};

function privateAddressError(): NodeJS.ErrnoException {
  return Object.assign(new Error("private addresses are refused"), { code: "ERR_PRIVATE_ADDRESS" });
}

/** The IPv4 address in ::ffff:a.b.c.d, which reaches the same host, or null. */
function mappedIpv4(address: string): string | null {
  const host = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const found = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host);
  if (found === null) return null;
  const [high, low] = [Number.parseInt(found[1] ?? "", 16), Number.parseInt(found[2] ?? "", 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
