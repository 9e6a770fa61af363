import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { LocalServiceError } from "./local-service-error.ts";
import { isAlive, processIdentity } from "./process-identity.ts";

type Claim = { owner: string; server?: string };

/**
 * One process at a time may run a server on a data directory; the claim stands in a file beside it. Whoever was
 * killed without a chance to stop its server leaves both behind: the next owner ends that server, and starts its own.
 */
export async function claimDataDir(dataDir: string): Promise<void> {
  const claim = readClaim(dataDir);
  const self = processIdentity(process.pid) ?? String(process.pid);
  if (claim && claim.owner !== self && isAlive(claim.owner)) {
    const pid = Number.parseInt(claim.owner, 10);
    throw new LocalServiceError("data_dir_in_use", `${dataDir} is in use by process ${pid}; stop that one first.`);
  }
  if (claim?.server) await endServer(claim.server);
  writeClaim(dataDir, { owner: self });
}

export function recordServer(dataDir: string, pid: number): void {
  const claim = readClaim(dataDir);
  const server = processIdentity(pid);
  if (claim && server) writeClaim(dataDir, { ...claim, server });
}

export function releaseDataDir(dataDir: string): void {
  rmSync(claimFile(dataDir), { force: true });
}

/** Ends the server that a killed owner left on a data directory. Says whether anybody claims it, and is alive. */
export async function endAbandonedServer(dataDir: string): Promise<"unclaimed" | "owned" | "ended"> {
  const claim = readClaim(dataDir);
  if (!claim) return "unclaimed";
  if (isAlive(claim.owner)) return "owned";
  if (claim.server) await endServer(claim.server);
  return "ended";
}

async function endServer(server: string): Promise<void> {
  const pid = Number.parseInt(server, 10);
  for (const signal of ["SIGCONT", "SIGINT", "SIGKILL"] as const) {
    if (!isAlive(server)) return;
    process.kill(pid, signal);
    const deadline = Date.now() + (signal === "SIGCONT" ? 0 : 10_000);
    while (isAlive(server) && Date.now() < deadline) await delay(20);
  }
}

const claimFile = (dataDir: string) => `${dataDir}.claim`;

function readClaim(dataDir: string): Claim | undefined {
  try {
    return JSON.parse(readFileSync(claimFile(dataDir), "utf8")) as Claim;
  } catch {
    return undefined;
  }
}

function writeClaim(dataDir: string, claim: Claim): void {
  const file = claimFile(dataDir);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(claim));
  renameSync(`${file}.new`, file);
}
