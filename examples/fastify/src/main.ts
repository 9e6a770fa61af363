import { createEvertoken, EvertokenError, verifyWebhook } from "@evertoken/client";
import Fastify, { type FastifyRequest } from "fastify";

const appUrl = process.env.APP_URL ?? "http://127.0.0.1:3000";
const apiUrl = process.env.APP_API_URL ?? "https://api.hubapi.com/account-info/v3/details";
const webhookSecret = process.env.EVERTOKEN_WEBHOOK_SECRET ?? "";

const evertoken = createEvertoken({ url: process.env.EVERTOKEN_URL, key: process.env.EVERTOKEN_KEY });
const app = Fastify();

app.get("/", async (_request, reply) => reply.type("text/html").send('<a href="/connect/hubspot">Connect HubSpot</a>'));

app.get<{ Params: { provider: string } }>("/connect/:provider", async (request, reply) => {
  const { provider } = request.params;
  const returnUrl = `${appUrl}/connected`;
  const { url } = await evertoken.connect.authorize({ userId: userOf(request), provider, returnUrl, confirm: true });
  return reply.redirect(url);
});

app.get<{ Querystring: Record<string, string> }>("/connected", async (request, reply) => {
  // The account counts for the user who sits here, and for no other.
  const end = await evertoken.connect.confirm(request.query, { userId: userOf(request) });
  if (end.kind === "connected") return { connected: end.provider };
  return reply.code(400).send({ code: end.code, message: end.message });
});

app.get<{ Params: { provider: string } }>("/account/:provider", async (request, reply) => {
  const target = { userId: userOf(request), provider: request.params.provider };
  // A token that the API refuses (401) is refreshed once, and the call is made again.
  const answer = await evertoken.withAccessToken(target, ({ accessToken }) =>
    fetch(apiUrl, { headers: { authorization: `Bearer ${accessToken}` } }),
  );
  return reply.code(answer.status).send(await answer.json());
});

// The signature is over the body as it came. A plugin of its own, so that other routes keep their JSON parser.
app.register(async (webhooks) => {
  webhooks.removeAllContentTypeParsers();
  webhooks.addContentTypeParser("*", { parseAs: "buffer" }, async (_request: FastifyRequest, body: Buffer) => body);
  webhooks.post<{ Body: Buffer }>("/webhooks/evertoken", async (request, reply) => {
    const event = await verifyWebhook({ headers: request.headers, body: request.body }, webhookSecret);
    console.log(`webhook ${event.type} of connection ${event.data.connectionId}`);
    return reply.code(204).send();
  });
});

app.setErrorHandler((error, _request, reply) => {
  if (!(error instanceof EvertokenError)) throw error;
  const { code, reconnectUrl } = error;
  if (code === "webhook_refused") return reply.code(400).send({ code });
  // 409: the user has to connect again, and the page says where.
  return reply.code(reconnectUrl === null ? 502 : 409).send({ code, reconnectUrl });
});

/** Your own login goes here. */
function userOf(request: FastifyRequest): string {
  return String(request.headers["x-user"] ?? "ada");
}

const { hostname, port } = new URL(appUrl);
await app.listen({ host: hostname, port: Number(port) });
console.log(`app ready: ${appUrl}`);

process.once("SIGTERM", async () => {
  await app.close();
  await evertoken.close();
});
