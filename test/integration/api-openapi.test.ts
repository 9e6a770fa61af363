import { eventNames } from "@evertoken/core";
import { Validator } from "@seriousme/openapi-schema-validator";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { type Api, expectProblem, startApi } from "./api-harness.ts";
import { type Operation, operationsOf, requestOf } from "./api-requests.ts";

let api: Api;
// biome-ignore lint/suspicious/noExplicitAny: the document as it comes
let document: any;
beforeAll(async () => {
  api = await startApi({ env: { PUBLIC_URL: "https://api.example", RETURN_URL_ALLOWLIST: "https://app.example" } });
  document = (await api.ask("GET /openapi.json", { key: null })).body;
});

test("the document is valid OpenAPI 3.1, names every endpoint, who may ask, and what an error is", async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  expect(document.openapi).toMatch(/^3\.1/);
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining([
      "/v1/connections/{id}/token",
      "/v1/users/{userId}/providers/{provider}/token",
      "/v1/connect/callback",
      "/v1/connect/confirm",
      "/v1/webhooks/deliveries/{delivery}/replay",
    ]),
  );
  for (const { name, definition } of operationsOf(document)) {
    expect(definition.summary, name).toEqual(expect.any(String));
    expect(definition.security, name).toEqual(/onnectCallback/.test(definition.operationId) ? [] : [{ key: [] }]);
    const problem = definition.responses["4XX"].content["application/problem+json"].schema;
    expect(problem, name).toEqual({ $ref: "#/components/schemas/Problem" });
  }
  expect(JSON.stringify(document)).not.toContain(api.adminKey);
});

test("every operation has a name of its own and an example of all that is sent and answered; errors are counted up, events too", () => {
  expect(document.info).toMatchObject({ title: "Evertoken API", version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  const operations = operationsOf(document);
  const ids = operations.map(({ definition }) => definition.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { name, definition } of operations) {
    expect(definition.operationId, name).toMatch(/^[a-z]+([A-Z][a-z]+)*$/);
    for (const parameter of definition.parameters ?? []) expect(parameter, name).toHaveProperty("example");
    const bodies = [definition.requestBody, ...Object.values(definition.responses)] as { content?: object }[];
    for (const content of bodies.flatMap((body) => Object.values(body?.content ?? {})))
      expect(content, name).toHaveProperty("example");
  }
  const { Problem } = document.components.schemas;
  expect(Problem.properties.code.enum).toEqual(expect.arrayContaining(["wrong_key", "rate_limited", "state_used"]));
  expect(Object.keys(document.webhooks)).toEqual(eventNames);
});

test("what is sent in an example is taken: whatever stands against it, its form does not", async () => {
  const { id } = await api.rig.connect({ userId: "user-42" });
  const refused: unknown[] = [];
  for (const { method, path, name, definition } of operationsOf(document)) {
    const sent = definition.requestBody?.content["application/json"]?.example;
    if (sent === undefined) continue;
    const url = path
      .replace("/providers/{id}", "/providers/intranet")
      .replaceAll("{id}", id)
      .replaceAll("{provider}", "acme")
      .replaceAll(/\{\w+\}/g, "x");
    const { body } = await api.ask(`${method} ${url}`, { body: sent });
    if (body?.code === "invalid_request") refused.push([name, sent, body.detail]);
  }
  expect(refused).toEqual([]);
});

test("the docs can be browsed, with scripts of their own only", async () => {
  const page = await api.ask("GET /docs", { key: null, redirect: "follow" });
  expect(page.status).toBe(200);
  expect(page.text).toContain("swagger-ui");
  expect(page.text).toContain("<title>Evertoken API</title>");
  expect(page.text).toContain("evertoken.css");
  expect(page.headers.get("content-security-policy")).toMatch(/script-src 'self'/);
  const [, script = ""] = /<script src="([^"]+)"/.exec(page.text) ?? [];
  expect((await api.ask(`GET ${new URL(script, `${api.url}/docs/`).pathname}`, { key: null })).status).toBe(200);
});

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.FUZZ_RUNS ?? 40);

test(`requests made of the document, right and wrong ones, never end in a 500 (seed ${seed})`, async () => {
  console.log(`fuzz seed ${seed}, ${runs} requests for each operation`);
  const { id } = await api.rig.connect();
  const statuses: Record<string, number> = {};
  const send = async (operation: Operation, request: { path: string; body: unknown; query: string }) => {
    const { method, name, answers } = operation;
    const body = request.body === undefined ? {} : { body: request.body };
    const answer = await api.ask(`${method} ${request.path}${request.query}`, body);
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    expect(answer.status, `${name}: ${answer.text}`).not.toBe(500);
    if (answer.status >= 400) expectProblem(answer);
    else expect(answers, name).toContain(String(answer.status));
    expect(answer.text).not.toMatch(/canary-token/);
  };
  for (const operation of operationsOf(document)) {
    const property = fc.asyncProperty(requestOf(document, operation, id), (request) => send(operation, request));
    await fc.assert(property, { seed, numRuns: runs });
  }
  console.log("answers", statuses);
  expect(Object.keys(statuses)).toEqual(expect.arrayContaining(["200", "201", "400", "404"]));
  expect(api.app.output()).not.toContain("a request failed");
  expect(api.app.output()).not.toContain("canary-token");
}, 180_000);
