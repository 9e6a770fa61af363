import type { Engine } from "@evertoken/client/engine";
import type { Providers } from "@evertoken/providers";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** A provider with connections and no client registration cannot refresh them. */
export async function checkCredentials(prisma: Engine["prisma"], providers: Providers): Promise<Finding[]> {
  const groups = await prisma.connection.groupBy({
    by: ["provider"],
    where: { authType: "oauth2", status: { not: "disconnected" } },
    _count: { _all: true },
  });
  const registered = providers.all().filter(({ registration }) => registration !== null);
  const missing = groups.filter(({ provider }) => needsRegistration(providers, provider));
  const findings = missing.map(({ provider, _count }) =>
    fail(
      "credentials",
      `${provider} has ${_count._all} connections and no client registration`,
      adviceFor(providers, provider),
    ),
  );
  if (registered.length > 0) {
    return [ok("credentials", `set for ${registered.map(({ provider }) => provider.id).join(", ")}`), ...findings];
  }
  const advice = "set <PROVIDER>_CLIENT_ID and <PROVIDER>_CLIENT_SECRET; `evertoken providers` lists the providers";
  return [...findings, warn("credentials", "no provider has a client registration", advice)];
}

function adviceFor(providers: Providers, id: string): string {
  if (providers.get(id)?.origin === "stored")
    return `replace it with a client id: \`evertoken providers add --replace\``;
  return `set ${id.toUpperCase().replaceAll("-", "_")}_CLIENT_ID and _CLIENT_SECRET`;
}

function needsRegistration(providers: Providers, id: string): boolean {
  const found = providers.get(id);
  return found === undefined || (found.registration === null && found.policy.spends !== "nothing");
}
