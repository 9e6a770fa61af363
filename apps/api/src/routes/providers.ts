import { type ProviderStateRow, providerStates } from "@evertoken/adapters";
import { type Engine, withStore } from "@evertoken/engine/internal";
import { z } from "zod";
import { route } from "../route.ts";
import { timeOut } from "../schemas.ts";

const provider = z
  .object({
    ...{ id: z.string(), name: z.string(), docs_url: z.string(), auth_type: z.string() },
    origin: z.enum(["catalogue", "settings", "stored"]).describe("stored: added here, and can be replaced or removed"),
    configured: z.boolean().describe("It has a client registration, or needs none"),
    refreshes: z.boolean(),
    scopes: z.array(z.string()).describe("What is asked for unless told otherwise"),
    needs: z.array(z.string()).describe("What a connection's metadata must hold, such as shop"),
    fault: z
      .string()
      .nullable()
      .describe("Why a stored one cannot be used as it is, or its issuer gave no endpoints yet"),
    circuit: z.enum(["closed", "open"]).describe("open: its refreshes are paused until a probe works"),
    circuit_code: z
      .enum(["invalid_client", "unknown_answer", "mass_denial"])
      .nullable()
      .describe(
        "invalid_client: it refuses our client registration; unknown_answer: its answers are not understood; mass_denial: it denies more grants at once than can be believed",
      ),
    circuit_reason: z.string().nullable().describe("What it said, without secrets"),
    throttled_until: timeOut.nullable(),
  })
  .meta({ id: "Provider" });

export const providerRoutes = [
  route({
    ...{ method: "GET", url: "/v1/providers", scope: "connections:read", tag: "Providers" },
    about: () => "nobody",
    summary: "Every provider, and how it does",
    answer: z.object({ data: z.array(provider) }),
    async handle(_input, { engine }) {
      const states = await withStore(() => providerStates(engine.pool));
      const facts = [...factsOf(engine), ...unreadable(engine)];
      const data = facts.map((known) => {
        const state = states.find((one) => one.provider === known.id && one.registration === "default");
        return {
          ...known,
          ...circuitOf(state),
          throttled_until: state?.throttled_until?.toISOString() ?? null,
        };
      });
      return { data };
    },
  }),
];

function circuitOf(state: ProviderStateRow | undefined) {
  if (state?.circuit_open !== true) return { circuit: "closed" as const, circuit_code: null, circuit_reason: null };
  return { circuit: "open" as const, circuit_code: state.code, circuit_reason: state.reason };
}

function factsOf({ providers }: Engine) {
  const faults = providers.faults();
  return providers.all().map(({ provider: known, origin, configured, policy }) => ({
    ...{ id: known.id, name: known.name, docs_url: known.docs, auth_type: known.authType, origin, configured },
    refreshes: policy.spends !== "nothing",
    scopes: known.scopes.map(({ scope }) => scope),
    needs: Object.keys(known.placeholders),
    fault: faults.get(known.id) ?? null,
  }));
}

/** Stored by a version that said it otherwise: hardly more is known of it than its id. */
function unreadable({ providers }: Engine) {
  const lost = [...providers.faults()].filter(([id]) => providers.get(id) === undefined);
  return lost.map(([id, fault]) => ({
    ...{ id, name: id, docs_url: "", auth_type: "oauth2", origin: "stored" as const, configured: false },
    ...{ refreshes: false, scopes: [], needs: [], fault },
  }));
}
