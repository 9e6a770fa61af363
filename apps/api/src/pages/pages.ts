import type { Engine } from "@evertoken/engine/internal";
import formbody from "@fastify/formbody";
import type { FastifyInstance } from "fastify";
import { act, disconnect, start } from "./actions.ts";
import { callback } from "./callback.ts";
import type { PagesContext } from "./context.ts";
import { sendEmbedScript } from "./embed.ts";
import { failed } from "./failed.ts";
import { open } from "./question.ts";
import { sendOut } from "./send-out.ts";
import { show } from "./show.ts";

/** The connect page, its actions, start addresses, and the redirect URIs `<PUBLIC_URL>/connect/callback/<provider>`. Nothing without PUBLIC_URL. */
export async function registerPages(app: FastifyInstance, engine: Engine): Promise<void> {
  const { publicUrl, embedOrigins } = engine.config.connect;
  if (publicUrl === null) return;
  const context: PagesContext = { engine, home: `${publicUrl}/connect`, embedOrigins };
  const schema = { hide: true };
  await app.register(async (scope) => {
    // Forms and nothing else: what a page of ours sends.
    scope.removeAllContentTypeParsers();
    await scope.register(formbody, { bodyLimit: 16_384 });
    scope.addHook("onRequest", () => engine.providers.catchUp());
    // Of every page and redirect on the way, else a window that the app has opened could not report to it.
    if (embedOrigins.length > 0) {
      scope.addHook("onRequest", async (_, reply) => {
        reply.header("cross-origin-opener-policy", "unsafe-none");
      });
    }
    scope.setErrorHandler((error, request, reply) => failed(context, error, request, reply));
    scope.get("/connect", { schema }, (request, reply) => show(context, request, reply));
    scope.get("/connect/embed.js", { schema }, (_request, reply) => sendEmbedScript(reply));
    scope.get("/connect/go/:token", { schema }, (request, reply) => sendOut(engine, request, reply));
    for (const path of ["/connect/callback/:provider", "/connect/callback"]) {
      scope.get(path, { schema }, (request, reply) => callback(engine, request, reply));
      // Brought once more as a GET: see guardCallbacks.
      scope.post(path, { schema }, (_request, reply) => reply.code(400).send());
    }
    scope.post("/connect/open", { schema }, (request, reply) => open(context, request, reply));
    scope.post("/connect/start", { schema }, (request, reply) => act(context, request, reply, start));
    scope.post("/connect/disconnect", { schema }, (request, reply) => act(context, request, reply, disconnect));
  });
}
