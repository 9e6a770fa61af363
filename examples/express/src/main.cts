const { once } = require("node:events") as typeof import("node:events");
const { createEvertoken, EvertokenError, verifyWebhook } =
  require("@evertoken/client") as typeof import("@evertoken/client");
const express = require("express") as typeof import("express");

type Request = import("express").Request;
type Response = import("express").Response;

const appUrl = process.env.APP_URL ?? "http://127.0.0.1:3000";
const apiUrl = process.env.APP_API_URL ?? "https://api.hubapi.com/account-info/v3/details";
const webhookSecret = process.env.EVERTOKEN_WEBHOOK_SECRET ?? "";

const evertoken = createEvertoken({ url: process.env.EVERTOKEN_URL, key: process.env.EVERTOKEN_KEY });
const app = express();

app.get("/", (_request, response) => {
  response.send('<a href="/connect/hubspot">Connect HubSpot</a>');
});

app.get("/connect/:provider", async (request, response) => {
  const { provider } = request.params;
  const returnUrl = `${appUrl}/connected`;
  const { url } = await evertoken.connect.authorize({ userId: userOf(request), provider, returnUrl, confirm: true });
  response.redirect(url);
});

app.get("/connected", async (request, response) => {
  // The account counts for the user who sits here, and for no other.
  const end = await evertoken.connect.confirm(request.query, { userId: userOf(request) });
  if (end.kind === "connected") response.json({ connected: end.provider });
  else response.status(400).json({ code: end.code, message: end.message });
});

app.get("/account/:provider", async (request, response) => {
  const target = { userId: userOf(request), provider: request.params.provider };
  // A token that the API refuses (401) is refreshed once, and the call is made again.
  const answer = await evertoken.withAccessToken(target, ({ accessToken }) =>
    fetch(apiUrl, { headers: { authorization: `Bearer ${accessToken}` } }),
  );
  response.status(answer.status).json(await answer.json());
});

// The signature is over the body as it came: no JSON parser may stand before this route.
app.post("/webhooks/evertoken", express.raw({ type: "*/*" }), async (request, response) => {
  const event = await verifyWebhook({ headers: request.headers, body: request.body }, webhookSecret);
  console.log(`webhook ${event.type} of connection ${event.data.connectionId}`);
  response.sendStatus(204);
});

app.use((error: Error, _request: Request, response: Response, next: (error: Error) => void) => {
  if (!(error instanceof EvertokenError)) return next(error);
  const { code, reconnectUrl } = error;
  if (code === "webhook_refused") response.status(400).json({ code });
  // 409: the user has to connect again, and the page says where.
  else response.status(reconnectUrl === null ? 502 : 409).json({ code, reconnectUrl });
});

/** Your own login goes here. */
function userOf(request: Request): string {
  return request.get("x-user") ?? "ada";
}

const { hostname, port } = new URL(appUrl);
const server = app.listen(Number(port), hostname, () => console.log(`app ready: ${appUrl}`));

process.once("SIGTERM", async () => {
  server.close();
  await once(server, "close");
  await evertoken.close();
});
