import type { LiveProviders } from "@evertoken/engine/internal";
import { type Finding, fail, ok } from "./finding.ts";

/** Providers that were added through the API, and that this version or these keys cannot use. */
export function checkStoredProviders(providers: LiveProviders): Finding[] {
  const own = [...providers.faults()].filter(([id]) => !providers.waiting().has(id));
  const faults = own.map(([id, fault]) =>
    fail("stored providers", `${id} cannot be used: ${fault}`, `replace it: \`evertoken providers add --replace\``),
  );
  if (faults.length > 0) return faults;
  const stored = providers.all().filter(({ origin }) => origin === "stored");
  return stored.length === 0 ? [] : [ok("stored providers", stored.map(({ provider }) => provider.id).join(", "))];
}
