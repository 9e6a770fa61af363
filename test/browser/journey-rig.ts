import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createApi } from "@evertoken/api";
import type { DemoProvider } from "@evertoken/demo";
import { connectLink } from "@evertoken/engine/internal";
import { freePort } from "@evertoken/local";
import { type ConnectRig, createConnectRig, startDemo } from "../support/connect-rig.ts";
import type { Env } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";

/** The API with its pages, the demo's authorization server, and an app that links to the connect page for its user `u`. */
export interface Journey extends ConnectRig {
  readonly demo: DemoProvider;
  readonly apiUrl: string;
  readonly appUrl: string;
  /** A link to the connect page, as the app makes it. */
  link(options?: Partial<Parameters<typeof connectLink>[1]>): string;
}

/** @param framed whether the app may show the page in a frame */
export async function startJourney(env: Env = {}, framed = false): Promise<Journey> {
  const apiUrl = `http://127.0.0.1:${await freePort()}`;
  const app = createServer();
  const appUrl = await listen(app);
  const { demo, env: demoEnv } = await startDemo([`${apiUrl}/connect/callback/demo`]);
  const settings = { PUBLIC_URL: apiUrl, RETURN_URL_ALLOWLIST: `${appUrl}/done`, ...demoEnv, ...env };
  const embed: Env = framed ? { EMBED_ORIGINS: appUrl } : {};
  const rig = await createConnectRig({ ...settings, ...embed });
  const api = await createApi(rig.engine);
  await api.listen({ host: "127.0.0.1", port: Number(new URL(apiUrl).port) });
  onFileEnd(() => api.close());
  const link: Journey["link"] = (options) => connectLink(rig.engine, { userId: "u", ...options });
  app.on("request", async (request, response) => {
    if (request.method === "POST") {
      response.setHeader("content-type", "application/json");
      return response.end(JSON.stringify({ url: link() }));
    }
    const back = request.url?.startsWith("/done") === true;
    const [first] = back ? await rig.client.health("u") : [];
    const status = back ? `<p id="status">${first?.status ?? "nothing"}</p>` : "";
    const page =
      request.url === "/frame"
        ? `<iframe title="accounts" width="600" height="500" src="${link()}"></iframe>`
        : request.url === "/embed"
          ? embedded(apiUrl)
          : status;
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(
      `<!doctype html><title>App</title><h1>My app</h1>${page}<a href="${link({ returnUrl: `${appUrl}/done` })}">Connect accounts</a>`,
    );
  });
  return { ...rig, demo, apiUrl, appUrl, link };
}

/** As the guide says: a script, the button, and what is done with its events. */
const embedded = (apiUrl: string) => `<script src="${apiUrl}/connect/embed.js"></script>
<evertoken-connect src="/connect-link" locale="de">Connect your account</evertoken-connect><p id="told"></p>
<script>
  const told = document.querySelector("#told");
  addEventListener("evertoken-result", ({ detail }) => (told.textContent = JSON.stringify(detail)));
  addEventListener("evertoken-closed", () => (told.textContent = "closed"));
</script>`;

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onFileEnd(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
