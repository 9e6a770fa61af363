import { createEvertoken } from "@evertoken/client";
import { createApp } from "./app.ts";

const url = process.env.APP_URL ?? "http://127.0.0.1:3000";
const apiUrl = process.env.APP_API_URL ?? "https://api.example.com/me";

const evertoken = createEvertoken({ url: process.env.EVERTOKEN_URL, key: process.env.EVERTOKEN_KEY });
const app = createApp(evertoken, { url, apiUrl });
const { hostname, port } = new URL(url);
await app.listen({ host: hostname, port: Number(port) });
console.log(`app ready: ${url}/connect/<provider>`);

process.once("SIGTERM", async () => {
  await app.close();
  await evertoken.close();
});
