import { type Config, logSize } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import { type Finding, ok, warn } from "./finding.ts";

const gigabyte = 1e9;
const muchGigabytes = 100;

/** What the refresh log will come to, said before the disk says it. */
export async function checkLogSize(pool: Engine["pool"], { keepGrantedDays }: Config): Promise<Finding> {
  const { bytes, grantedADay, expectedBytes } = await logSize(pool, keepGrantedDays);
  const inGigabytes = (size: number) => `${(size / gigabyte).toFixed(size < gigabyte ? 2 : 0)} GB`;
  const detail =
    `${inGigabytes(bytes)}; ${grantedADay} refreshes a day, kept for ${keepGrantedDays} days, ` +
    `come to ${inGigabytes(expectedBytes)}`;
  return expectedBytes > muchGigabytes * gigabyte
    ? warn("refresh log", detail, "lower KEEP_GRANTED_DAYS, unless there is that much room")
    : ok("refresh log", detail);
}
