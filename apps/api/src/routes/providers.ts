import { providerStates } from "@evertoken/adapters";
import { withStore } from "@evertoken/client/engine";
import { z } from "zod";
import { route } from "../route.ts";
import { timeOut } from "../schemas.ts";

const provider = z
  .object({
    ...{ id: z.string(), name: z.string(), docs_url: z.string(), auth_type: z.string() },
    configured: z.boolean().describe("It has a client registration, or needs none"),
    refreshes: z.boolean(),
    scopes: z.array(z.string()).describe("What is asked for unless told otherwise"),
    needs: z.array(z.string()).describe("What a connection's metadata must hold, such as shop"),
    circuit: z.enum(["closed", "open"]).describe("open: it refuses our client registration"),
    throttled_until: timeOut.nullable(),
  })
  .meta({ id: "Provider" });

export const providerRoutes = [
  route({
    ...{ method: "GET", url: "/v1/providers", scope: "connections:read", tag: "Providers" },
    summary: "Every provider, and how it does",
    answer: z.object({ data: z.array(provider) }),
    async handle(_input, { engine }) {
      const states = await withStore(() => providerStates(engine.pool));
      const data = engine.providers.all().map(({ provider: known, configured, policy }) => {
        const state = states.find((one) => one.provider === known.id && one.registration === "default");
        return {
          ...{ id: known.id, name: known.name, docs_url: known.docs, auth_type: known.authType, configured },
          ...{
            refreshes: policy.spends !== "nothing",
            scopes: known.scopes.map(({ scope }) => scope),
            needs: Object.keys(known.placeholders),
          },
          circuit: state?.circuit_open === true ? ("open" as const) : ("closed" as const),
          throttled_until: state?.throttled_until?.toISOString() ?? null,
        };
      });
      return { data };
    },
  }),
];
