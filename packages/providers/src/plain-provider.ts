import { z } from "zod";
import { lifetimeUnit, clientAuth as wayOfClient } from "./provider-schema.ts";

const text = z.string().trim().min(1).max(2048);
const seconds = z.number().int().positive();

/** An OAuth 2.0 provider that keeps to the standard, in few words: an issuer, or the endpoints, and what neither can say. */
export const plainProvider = z.strictObject({
  name: text.max(128).optional(),
  docsUrl: text.optional(),
  /** Endpoints that are not stated are asked for here (RFC 8414, OpenID Connect Discovery). */
  issuer: text.optional(),
  authorizeUrl: text.optional(),
  tokenUrl: text.optional(),
  revokeUrl: text.optional(),
  identityUrl: text.optional(),
  /** The field of the identity answer that holds the account's id. */
  identityId: text.optional(),
  clientAuth: wayOfClient.optional(),
  scopes: z.array(text).max(200).optional(),
  /** What makes access outlive the user's absence, where a server asks for more than a scope: `prompt=consent`. */
  authorizeParameters: z.record(z.string().min(1).max(128), z.string().max(2048)).optional(),
  lifetimeSeconds: seconds.optional(),
  /** What `expires_in` counts, where that is not seconds. */
  expiresIn: lifetimeUnit.optional(),
  marginSeconds: seconds.optional(),
  rotation: z.enum(["none", "grace", "single_use"]).optional(),
  /** With `grace`: how long a refresh token that was used still works. */
  graceSeconds: seconds.optional(),
});

export type PlainProvider = z.input<typeof plainProvider>;

/** Values as somebody wrote them: whether they are right is for `findFaults` to say, with the definition in hand. */
type Written = { readonly [Field in keyof PlainProvider]?: unknown };

/** The definition that a plain provider is short for, with the defaults of what it leaves out. */
export function plainDefinition(id: string, plain: Written): Record<string, unknown> {
  const { rotation = "single_use", scopes = [], revokeUrl, identityUrl, marginSeconds } = plain;
  return {
    id,
    name: plain.name ?? id,
    docs: plain.docsUrl ?? "https://www.rfc-editor.org/rfc/rfc6749",
    issuer: plain.issuer ?? null,
    authorizeUrl: plain.authorizeUrl ?? null,
    tokenUrl: plain.tokenUrl ?? null,
    clientAuth: plain.clientAuth ?? "basic",
    scopes: (scopes as readonly string[]).map((scope) => ({ scope, why: "named by the operator" })),
    authorizeParameters: plain.authorizeParameters ?? {},
    pkce: "supported",
    ...(plain.expiresIn === undefined ? {} : { answer: { expiresIn: plain.expiresIn } }),
    policy: {
      lifetimeSeconds: plain.lifetimeSeconds ?? 3600,
      ...(marginSeconds === undefined ? {} : { marginSeconds }),
      // Until told otherwise: the careful assumption.
      rotation: rotation === "grace" ? { kind: rotation, graceSeconds: plain.graceSeconds } : { kind: rotation },
    },
    ...(revokeUrl === undefined ? {} : { revoke: { url: revokeUrl } }),
    ...(identityUrl === undefined
      ? {}
      : { identity: { url: identityUrl, id: plain.identityId ?? "sub", name: "name" } }),
  };
}
