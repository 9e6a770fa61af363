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
import { flowAddresses, isOurCallback, startUrl } from "./flow-addresses.ts";
import { type Flow, newSecret, saveFlow } from "./oauth-states.ts";
import { tagsInput } from "./tags-input.ts";

const storable = (value: string) => value.isWellFormed() && !value.includes("\0");
const text = z.string().trim().min(1).max(512).refine(storable, "has characters that cannot be stored");

const authorizeSchema = z.strictObject({
  userId: text,
  provider: text,
  registration: text.optional(),
  /** Where the user ends up, with what became of it in the query. */
  returnUrl: z.string(),
  /** Where the provider sends its answer: a page of the app that passes it on. Left out: the API's callback of this provider. */
  redirectUri: z.string().optional(),
  /** Left out: those of the provider's file. */
  scopes: z.array(text).max(100).optional(),
  /** Reconnect this one: it keeps its id and history. */
  connectionId: z.string().optional(),
  /** What the provider's endpoints need: shop, data centre, instance. */
  metadata: z.record(text, z.string().max(512).refine(storable, "has characters that cannot be stored")).optional(),
  userEmail: z.email().max(320).optional(),
  /** For the connection. */
  tags: tagsInput.optional(),
  /** What the flow brings waits until the app has confirmed it, with the query of the return URL, for the user of its session. */
  confirm: z.boolean().optional(),
  /** A secret of the user's session, which completes the flow in one step: for a `redirectUri` of the app's own. */
  binding: z.string().min(16).max(256).optional(),
} satisfies Record<keyof AuthorizeInput, z.ZodType>) satisfies z.ZodType<unknown, AuthorizeInput>;

/**
 * The beginning of a connect flow: to the provider's page for consent, with a state that is good once and for ten minutes, and PKCE. What
 * it brings belongs to the user of one session: the app says so afterwards (`confirm`), or has said it already (`binding`).
 *
 * @param session of our connect page, which stands for the user whose link was opened
 * @throws {EvertokenError} `invalid_input`, `confirmation_needed`, `unknown_provider`, `invalid_client` (no registration),
 *   `connection_not_found`
 */
export async function authorize(
  engine: Engine,
  input: AuthorizeInput,
  session: string | null = null,
): Promise<Authorization> {
  const parsed = parse(input);
  const { confirm = false, binding = session } = parsed;
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
    ...flowAddresses(engine.config.connect, configured, parsed),
    scopes: parsed.scopes ?? configured.provider.scopes.map(({ scope }) => scope),
    metadata: { ...known?.metadata, ...parsed.metadata },
    tags: parsed.tags ?? [],
    confirm,
  };
  const ours = isOurCallback(engine.config.connect, flow.redirectUri);
  if (ours && parsed.binding !== undefined) throw new EvertokenError("invalid_input", unreachableBinding);
  if (!confirm && binding === null && engine.config.connect.confirm) {
    throw new EvertokenError("confirmation_needed", confirmationNeeded);
  }
  const registration = await registrationFor(engine, configured, flow.registration);
  // Tried before anything is stored: a shop or a data centre that does not fit is the caller's mistake.
  refuseMetadata(configured, flow);
  const [state, codeVerifier] = [newSecret(), newSecret()];
  const challenge = createHash("sha256").update(codeVerifier).digest("base64url");
  const consentUrl = consentUrlOf(configured, registration, flow, state, challenge);
  const start = ours ? { token: newSecret(), consentUrl } : null;
  const expiresAt = await saveFlow(engine, { flow, state, codeVerifier, binding, start });
  return { url: start === null ? consentUrl : startUrl(engine.config.connect, start.token), state, expiresAt };
}

const confirmationNeeded =
  "nobody says whose account comes back: begin with `confirm`, and when the user is back at the return URL pass its query and the id of " +
  "your session's user to `connect.confirm` (POST /v1/connect/confirm); or give a `binding`. CONNECT_CONFIRM=off puts this off for a while";

const unreachableBinding =
  "binding: goes with a redirectUri of your own, since our callback is given none: use `confirm`, or pass a redirectUri";

function parse(input: unknown): z.output<typeof authorizeSchema> {
  const parsed = authorizeSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "input"}: ${issue.message}`);
  throw new EvertokenError("invalid_input", faults.join("; "));
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

function consentUrlOf(
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
