import type { Engine } from "@evertoken/engine/internal";
import { type ConfiguredProvider, changesByEncoding, type Providers, prefixOf } from "@evertoken/providers";
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
    const set = ok("credentials", `set for ${registered.map(({ provider }) => provider.id).join(", ")}`);
    return [set, ...findings, ...registered.flatMap(encodingOf)];
  }
  const advice = "set <PROVIDER>_CLIENT_ID and <PROVIDER>_CLIENT_SECRET; `evertoken providers` lists the providers";
  return [...findings, warn("credentials", "no provider has a client registration", advice)];
}

/** A registration that Basic writes in two ways: servers that do not decode take only one of them, and call the other a wrong client. */
function encodingOf({ provider, registration, origin }: ConfiguredProvider): Finding[] {
  const way = provider.refresh.clientAuth ?? provider.clientAuth;
  if (registration === null || !way.startsWith("basic") || !changesByEncoding(registration)) return [];
  const other = way === "basic" ? "basic_plain" : "basic";
  const written = way === "basic" ? "form-encoded (RFC 6749 section 2.3.1)" : "as it is, not form-encoded";
  const set =
    origin === "stored" ? `replace it with client_auth ${other}` : `set ${prefixOf(provider.id)}_CLIENT_AUTH=${other}`;
  const detail = `the client id or secret of ${provider.id} has characters for which it matters that Basic sends it ${written}`;
  return [warn("credentials", detail, `only if it answers invalid_client: ${set}`)];
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
