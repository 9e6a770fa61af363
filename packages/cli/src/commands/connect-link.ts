import { makeConnectLink } from "@evertoken/engine/internal";
import type { Command } from "commander";
import { auditOperator } from "../audit-operator.ts";
import { parseDuration } from "../duration.ts";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";
import type { Run } from "../run.ts";

interface LinkOptions {
  readonly provider?: readonly string[];
  readonly returnUrl?: string;
  readonly ttl: string;
}

export function addConnectLink(program: Command, run: Run): void {
  program
    .command("connect-link <userId>")
    .description("a link to the page where this user connects accounts; whoever has it acts for the user")
    .option("--provider <id...>", "offer only these")
    .option("--return-url <url>", "where the page leads back to; on RETURN_URL_ALLOWLIST")
    .option("--ttl <time>", "how long it can be opened, 24h at most", "10m")
    .action(run(makeLink));
}

async function makeLink(io: Io, userId: string, { provider, returnUrl, ttl }: LinkOptions): Promise<undefined> {
  const ttlMs = parseDuration(ttl);
  await withEngine(io, async ({ engine }) => {
    const expiresAt = new Date(Date.now() + ttlMs);
    const url = await makeConnectLink(engine, {
      ...{ userId, ttlSeconds: ttlMs / 1000 },
      ...(provider === undefined ? {} : { providers: [...provider] }),
      ...(returnUrl === undefined ? {} : { returnUrl }),
    });
    await auditOperator(engine, { action: "connect.link_made" });
    io.result({ url, expiresAt }, () => [url]);
    if (!io.json) io.note(`It can be opened until ${expiresAt.toISOString()}.`);
  });
}
