import { createHash } from "node:crypto";
import type { Authorization, AuthorizeInput } from "@evertoken/client";
import {
  authorizeUrl,
  type ConfiguredProvider,
  EndpointFault,
  metadataFaults,
  type Registration,
} from "@evertoken/providers";
import { z } from "zod";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";
import { isUuid } from "../is-uuid.ts";
import { defaultRegistration } from "../providers/registration-names.ts";
import { notFound } from "../token/fresh-token.ts";
import { type Flow, saveFlow } from "./oauth-states.ts";
import { allowedUrl } from "./return-url.ts";

const storable = (value: string) => value.isWellFormed() && !value.includes("\0");
const text = z.string().trim().min(1).max(512).refine(storable, "has characters that cannot be stored");

const authorizeSchema = z.strictObject({
  userId: text,
  provider: text,
  registration: text.optional(),
  /** Where the user ends up, with what became of it in the query. */
  returnUrl: z.string(),
  /** Where the provider sends its answer: the API's callback, or a page of the app that completes it. */
  redirectUri: z.string().optional(),
  /** Left out: those of the provider's file. */
  scopes: z.array(text).max(100).optional(),
  /** Reconnect this one: it keeps its id and history. */
  connectionId: z.string().optional(),
  /** What the provider's endpoints need: shop, data centre, instance. */
  metadata: z.record(text, z.string().max(512).refine(storable, "has characters that cannot be stored")).optional(),
  userEmail: z.email().max(320).optional(),
  /** Of a browser: see `saveFlow`. */
  binding: z.string().min(16).max(256).optional(),
} satisfies Record<keyof AuthorizeInput, z.ZodType>) satisfies z.ZodType<unknown, AuthorizeInput>;

/**
 * The beginning of a connect flow: the provider's page for consent, with a state that is good once and for ten minutes, and PKCE.
 *
 * @throws {EvertokenError} `invalid_input`, `unknown_provider`, `invalid_client` (no registration), `connection_not_found`
 */
export async function authorize(engine: Engine, input: AuthorizeInput): Promise<Authorization> {
  const { binding = null, ...parsed } = parse(input);
  const configured = await withStore(() => engine.providers.find(parsed.provider));
  if (configured === undefined)
    throw new EvertokenError("unknown_provider", `there is no provider "${parsed.provider}"`);
  await withStore(engine.checkKeys);
  const known = parsed.connectionId === undefined ? null : await reconnected(engine, parsed.connectionId, parsed);
  const flow: Flow = {
    userId: parsed.userId,
    userEmail: parsed.userEmail ?? null,
    provider: parsed.provider,
    registration: parsed.registration ?? known?.registration ?? defaultRegistration,
    connectionId: known?.id ?? null,
    ...addresses(engine, parsed),
    scopes: parsed.scopes ?? configured.provider.scopes.map(({ scope }) => scope),
    metadata: { ...known?.metadata, ...parsed.metadata },
  };
  const registration = await registrationFor(engine, configured, flow.registration);
  // Tried before anything is stored: a shop or a data centre that does not fit is the caller's mistake.
  refuseMetadata(configured, flow);
  const urlWith = (state: string, challenge: string) => consentUrl(configured, registration, flow, state, challenge);
  urlWith("", "");
  const { state, codeVerifier, expiresAt } = await saveFlow(engine, flow, binding);
  const challenge = createHash("sha256").update(codeVerifier).digest("base64url");
  return { url: urlWith(state, challenge), state, expiresAt };
}

function parse(input: unknown): z.output<typeof authorizeSchema> {
  const parsed = authorizeSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "input"}: ${issue.message}`);
  throw new EvertokenError("invalid_input", faults.join("; "));
}

/** Both must lead to us or to an allowed app: a code that goes elsewhere is a grant given away. */
function addresses({ config }: Engine, input: { returnUrl: string; redirectUri?: string | undefined }) {
  const { publicUrl, returnUrls } = config.connect;
  const wanted = input.redirectUri ?? ownCallback(publicUrl);
  const allowed = publicUrl === null ? returnUrls : [...returnUrls, `${publicUrl}/connect`];
  const callbacks = publicUrl === null ? returnUrls : [...returnUrls, publicUrl];
  const returnUrl = allowedUrl(input.returnUrl, allowed);
  const redirectUri = allowedUrl(wanted, callbacks);
  const faults = [
    ...(returnUrl === null ? ["returnUrl: not on the allow list (RETURN_URL_ALLOWLIST)"] : []),
    ...(redirectUri === null || redirectUri.includes("#")
      ? ["redirectUri: neither below PUBLIC_URL nor on the allow list (RETURN_URL_ALLOWLIST), or with a fragment"]
      : []),
  ];
  if (returnUrl === null || redirectUri === null || faults.length > 0) {
    throw new EvertokenError("invalid_input", faults.join("; "));
  }
  // The provider compares it letter by letter with what was registered.
  return { returnUrl, redirectUri: wanted };
}

function ownCallback(publicUrl: string | null): string {
  if (publicUrl !== null) return `${publicUrl}/v1/connect/callback`;
  throw new EvertokenError("invalid_input", "redirectUri: is needed, since PUBLIC_URL is not set");
}

async function reconnected({ prisma }: Engine, id: string, { userId, provider }: { userId: string; provider: string }) {
  const found = isUuid(id) ? await withStore(() => prisma.connection.findUnique({ where: { id } })) : null;
  if (found === null || found.userId !== userId || found.provider !== provider) throw notFound(id);
  if (found.authType === "derived") {
    throw new EvertokenError(
      "invalid_input",
      "connectionId: its token comes with another connection's; reconnect that one",
    );
  }
  return { ...found, metadata: found.metadata as Record<string, string> };
}

async function registrationFor(
  { registrations }: Engine,
  { provider }: ConfiguredProvider,
  name: string,
): Promise<Registration> {
  if (provider.authorizeUrl === null && provider.issuer !== null) {
    throw new EvertokenError(
      "provider_unavailable",
      `provider: the issuer of ${provider.id} has told no endpoints yet`,
    );
  }
  if (provider.authType !== "oauth2" || provider.authorizeUrl === null) {
    throw new EvertokenError("invalid_input", `provider: accounts of ${provider.id} are not connected by consent`);
  }
  const registration = await withStore(() => registrations.find(provider.id, name));
  if (registration !== null) return registration;
  throw new EvertokenError("invalid_client", `there is no client registration ${provider.id}/${name}`);
}

/** Of every endpoint, not of the page for consent alone: an account that is connected must be one that can be refreshed. */
function refuseMetadata({ provider }: ConfiguredProvider, { metadata }: Flow): void {
  const faults = metadataFaults(provider, metadata, "connecting");
  if (faults.length > 0) throw new EvertokenError("invalid_input", faults.join("; "));
}

function consentUrl(
  { provider }: ConfiguredProvider,
  registration: Registration,
  { redirectUri, scopes, metadata }: Flow,
  state: string,
  codeChallenge: string,
): string {
  try {
    return authorizeUrl(provider, { registration, redirectUri, scopes, metadata, state, codeChallenge });
  } catch (error) {
    if (error instanceof EndpointFault) throw new EvertokenError("invalid_input", error.message);
    throw error;
  }
}
