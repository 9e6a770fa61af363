import { endConnectSessions, makeConnectLink } from "@evertoken/engine/internal";
import type { Command } from "commander";
import { auditOperator } from "../audit-operator.ts";
import { parseDuration } from "../duration.ts";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";
import type { Run } from "../run.ts";

interface LinkOptions {
  readonly provider?: readonly string[];
  readonly returnUrl?: string;
  readonly name?: string;
  readonly email?: string;
  readonly confirm?: true;
  readonly ttl: string;
}

export function addConnectLink(program: Command, run: Run): void {
  program
    .command("connect-link <userId>")
    .description(
      "a link to the page where this user connects accounts; the browser that opens it first acts for the user",
    )
    .option("--provider <id...>", "offer only these")
    .option("--return-url <url>", "where the page leads back to; on RETURN_URL_ALLOWLIST")
    .option("--name <name>", "what the user is called, shown on the page")
    .option("--email <address>", "the user's mail address, shown on the page")
    .option("--confirm", "your app confirms at the return URL what is connected")
    .option("--ttl <time>", "how long it can be opened, 24h at most", "10m")
    .action(run(makeLink));
  program
    .command("connect-end <userId>")
    .description("end what this user has open on that page, and the links that were not opened yet")
    .action(run(endSessions));
}

async function makeLink(io: Io, userId: string, given: LinkOptions): Promise<undefined> {
  const { provider, ttl, name: userName, email: userEmail, returnUrl, confirm } = given;
  const ttlMs = parseDuration(ttl);
  await withEngine(io, async ({ engine }) => {
    const expiresAt = new Date(Date.now() + ttlMs);
    const url = await makeConnectLink(engine, {
      ...{ userId, ttlSeconds: ttlMs / 1000 },
      ...(provider === undefined ? {} : { providers: [...provider] }),
      ...{ returnUrl, userName, userEmail, confirm },
    });
    await auditOperator(engine, { action: "connect.link_made" });
    io.result({ url, expiresAt }, () => [url]);
    if (!io.json) io.note(`It can be opened until ${expiresAt.toISOString()}.`);
  });
}

async function endSessions(io: Io, userId: string): Promise<undefined> {
  await withEngine(io, async ({ engine }) => {
    const { endedAt } = await endConnectSessions(engine, userId);
    await auditOperator(engine, { action: "connect.sessions_ended" });
    io.result({ userId, endedAt }, () => ["Ended, at every process."]);
  });
}
