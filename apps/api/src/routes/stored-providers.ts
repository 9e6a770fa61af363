import { type ProviderSource, type StoredProviderView, storedProviders } from "@evertoken/engine/internal";
import { z } from "zod";
import { route } from "../route.ts";
import { text, timeOut } from "../schemas.ts";
import { toWire } from "../wire.ts";

const id = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, "must be lower case letters, digits and dashes: at most 64");
const url = text(2048);
const seconds = z.number().int().positive();

const stored = z
  .object({
    id: z.string(),
    definition: z
      .record(z.string(), z.unknown())
      .describe(
        "As a providers file would state it, with the endpoints that its issuer told. " +
          'A value of a header or parameter is never shown: `{"set": true}` stands for it',
      ),
    client_id: z.string().nullable(),
    has_secret: z.boolean().describe("The secret itself is never shown"),
    fault: z.string().nullable().describe("Why it cannot be used as it is"),
    ...{ created_at: timeOut, updated_at: timeOut },
  })
  .meta({ id: "StoredProvider" });

const words = {
  issuer: url
    .optional()
    .describe("Endpoints that are not stated are asked for here (RFC 8414, OpenID Connect Discovery)"),
  ...{
    authorize_url: url.optional(),
    token_url: url.optional(),
    revoke_url: url.optional(),
    identity_url: url.optional(),
  },
  identity_id: text(128)
    .optional()
    .describe("Default sub: the field of the identity answer that holds the account's id"),
  ...{ name: text(128).optional(), docs_url: url.optional() },
  client_auth: z
    .enum(["basic", "basic_plain", "post", "bearer", "secret", "id", "none"])
    .optional()
    .describe("Default basic. basic_plain: without the form-encoding of RFC 6749 section 2.3.1"),
  scopes: z.array(text()).max(200).optional(),
  authorize_parameters: z
    .record(z.string().min(1).max(128), z.string().max(2048))
    .optional()
    .describe("More for the authorize URL, such as prompt: consent"),
  lifetime_seconds: seconds.optional().describe("Default 3600: how long a token lives when an answer does not say"),
  expires_in: z
    .enum(["seconds", "milliseconds", "timestamp", "jwt"])
    .optional()
    .describe("Default seconds: what this provider's expires_in counts; jwt: the access token's exp says it"),
  margin_seconds: seconds.optional().describe("How long before its end a token is refreshed"),
  rotation: z
    .enum(["none", "grace", "single_use"])
    .optional()
    .describe("Default single_use: what becomes of a refresh token that was used"),
  grace_seconds: seconds.optional(),
};

const body = z.strictObject({
  ...words,
  definition: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      "In place of all the above: a whole definition, as a providers file states it. When one is replaced, " +
        "`{\"set\": true}` in place of a header's or parameter's value says that it stays",
    ),
  client_id: text(4096).optional().describe("Our client registration there. Left out: the stored one stays"),
  client_secret: text(4096).nullish().describe("null: a public client. Left out: the stored one stays"),
});

const key = z.object({ id });

const toStored = (view: StoredProviderView) => ({ ...toWire(view), definition: { ...view.definition } });

/** Shallow, as the names in a definition are its own. */
function toSource(id: string, given: z.output<typeof body>): ProviderSource {
  const entries = Object.entries(given).map(([name, value]) => [camel(name), value]);
  return { ...Object.fromEntries(entries), id };
}

const camel = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

export const storedProviderRoutes = [
  route({
    ...{ method: "POST", url: "/v1/providers", scope: "admin", tag: "Providers", audited: "provider.added" },
    summary: "Add a provider",
    description:
      "An issuer, or the endpoints, is enough. Its metadata is read and judged at once; wrong metadata is refused with the reason. " +
      "Every process uses it within seconds. With `client_id`, accounts can be connected right away.",
    ...{ body: body.extend({ id }), status: 201, answer: stored },
    async handle({ body: { id, ...given }, tell }, { engine }) {
      tell({ detail: { provider: id } });
      const added = await storedProviders.add(engine, toSource(id, given));
      return toStored(added);
    },
  }),
  route({
    ...{ method: "GET", url: "/v1/providers/:id", scope: "admin", tag: "Providers" },
    summary: "One stored provider",
    description: "Those in the box and those of the settings are in `GET /v1/providers` only.",
    ...{ params: key, answer: stored },
    handle: async ({ params }, { engine }) => toStored(await storedProviders.show(engine, params.id)),
  }),
  route({
    ...{ method: "PUT", url: "/v1/providers/:id", scope: "admin", tag: "Providers", audited: "provider.replaced" },
    summary: "Replace a stored provider",
    description:
      "Judged as when it was added. An address that leads to another server needs `client_secret` again, and the values of headers and " +
      "parameters, and is refused while there are connections, or grants that wait to be confirmed or revoked. Closes its circuits.",
    ...{ params: key, body, answer: stored },
    async handle({ params, body, tell }, { engine }) {
      tell({ detail: { provider: params.id } });
      const replaced = await storedProviders.replace(engine, toSource(params.id, body));
      return toStored(replaced);
    },
  }),
  route({
    ...{ method: "DELETE", url: "/v1/providers/:id", scope: "admin", tag: "Providers", audited: "provider.removed" },
    summary: "Remove a stored provider",
    description: "With its client registrations. Refused while it has connections that are not disconnected.",
    ...{ params: key, status: 204 },
    async handle({ params, tell }, { engine }) {
      tell({ detail: { provider: params.id } });
      await storedProviders.remove(engine, params.id);
      return undefined;
    },
  }),
];
