import { readFileSync } from "node:fs";
import { createEvertoken } from "@evertoken/engine";
import { createApp } from "./app.ts";

const url = process.env.APP_URL ?? "http://127.0.0.1:3000";
const apiUrl = process.env.APP_API_URL ?? "https://api.example.com/me";

const evertoken = createEvertoken(process.env, (path) => readFileSync(path, "utf8"));
const app = createApp(evertoken, { url, apiUrl });
const { hostname, port } = new URL(url);
await app.listen({ host: hostname, port: Number(port) });
console.log(`app ready: ${url}/connect/<provider>`);

process.once("SIGTERM", async () => {
  await app.close();
  await evertoken.close();
});
