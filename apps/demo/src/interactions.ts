import { text } from "node:stream/consumers";
import type { Interaction, Provider } from "oidc-provider";
import { consentPage, loginPage, pageHeaders } from "./pages.ts";

/** Koa's, by way of the provider that brings it. */
export type Middleware = Parameters<Provider["use"]>[0];
export type Context = Parameters<Middleware>[0];

const loginPattern = /^[\p{L}\p{N}._@ -]{1,64}$/u;
const maxFormBytes = 10_000;

async function readForm(ctx: Context): Promise<URLSearchParams> {
  if (Number(ctx.get("content-length") || Number.POSITIVE_INFINITY) > maxFormBytes) ctx.throw(413);
  return new URLSearchParams(await text(ctx.req));
}

function show(ctx: Context, status: number, html: string): void {
  ctx.status = status;
  ctx.set(pageHeaders);
  ctx.body = html;
}

/** The grant of RFC 6749: exactly what the user was shown. */
async function grantOf(provider: Provider, interaction: Interaction): Promise<string> {
  const { grantId, session, params, prompt } = interaction;
  const grant =
    (grantId === undefined ? undefined : await provider.Grant.find(grantId)) ??
    new provider.Grant({ accountId: String(session?.accountId), clientId: String(params.client_id) });
  const { missingOIDCScope, missingOIDCClaims } = prompt.details as Record<string, string[] | undefined>;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(" "));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  return grant.save();
}

/** The login and the consent page. A cookie of the provider, bound to the interaction, keeps other sites' forms out. */
export function createInteractions(provider: Provider, client: string): Middleware {
  async function view(ctx: Context, interaction: Interaction): Promise<void> {
    const { uid, prompt, params, session } = interaction;
    if (prompt.name === "login")
      return show(ctx, 200, loginPage({ uid, client, hint: String(params.login_hint ?? "") }));
    const scopes = String(params.scope ?? "").split(" ");
    show(ctx, 200, consentPage({ uid, client, login: String(session?.accountId), scopes }));
  }

  async function finish(ctx: Context, result: Parameters<Provider["interactionResult"]>[2]): Promise<void> {
    const to = await provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
    ctx.status = 303;
    ctx.redirect(to);
  }

  async function login(ctx: Context, interaction: Interaction): Promise<void> {
    const name = (await readForm(ctx)).get("login")?.trim() ?? "";
    if (loginPattern.test(name)) return finish(ctx, { login: { accountId: name } });
    const { uid } = interaction;
    const error = "Please use letters, digits, spaces and . _ @ - only.";
    show(ctx, 400, loginPage({ uid, client, hint: name, error }));
  }

  async function submit(ctx: Context, interaction: Interaction, action: string): Promise<void> {
    switch (action) {
      case "login":
        return login(ctx, interaction);
      case "consent":
        return finish(ctx, { consent: { grantId: await grantOf(provider, interaction) } });
      default:
        return finish(ctx, { error: "access_denied", error_description: "The user refused access." });
    }
  }

  return async (ctx, next) => {
    const [, , action] = ctx.path.match(/^\/interaction\/([\w-]+)(?:\/(login|consent|abort))?$/) ?? [];
    if (!ctx.path.startsWith("/interaction/")) return next();
    const interaction = await provider.interactionDetails(ctx.req, ctx.res);
    if (ctx.method === "GET" && action === undefined) return view(ctx, interaction);
    const fits = action === "abort" || action === interaction.prompt.name;
    if (ctx.method !== "POST" || action === undefined || !fits) return ctx.throw(400);
    return submit(ctx, interaction, action);
  };
}
