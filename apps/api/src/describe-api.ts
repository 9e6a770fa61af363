import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import manifest from "../package.json" with { type: "json" };
import { describeWebhooks, webhookEvent } from "./describe-webhooks.ts";
import { docsStyle } from "./docs-style.ts";
import { exampleOf, type Schema } from "./examples.ts";

const title = "Evertoken API";

const description = `Keeps the OAuth tokens of connected accounts fresh, and hands out valid ones.

Every request carries an API key (\`Authorization: Bearer evk_...\`). Every error is a problem document (RFC 9457) with a stable \`code\`.
Lists come in pages: pass \`next_cursor\` of an answer as \`cursor\` of the next request.`;

/** The OpenAPI document, made of the schemas that check the requests, and pages to browse it. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title, version: manifest.version, description, license: { name: "MIT", identifier: "MIT" } },
      components: { securitySchemes: { key: { type: "http", scheme: "bearer", description: "An API key: evk_..." } } },
      servers: [{ url: "/" }],
    },
    transform: jsonSchemaTransform,
    transformObject: (given) => completed(jsonSchemaTransformObject(given)),
  });
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
  const theme = { title, css: [{ filename: "evertoken.css", content: docsStyle }] };
  await app.register(swaggerUi, { routePrefix: "/docs", staticCSP: true, logLevel: "warn", theme });
}

interface Content {
  readonly schema?: Schema;
  example?: unknown;
}
type Contents = Readonly<Record<string, Content>>;
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly schema?: Schema; example?: unknown }[];
  readonly requestBody?: { readonly content?: Contents };
  readonly responses?: Readonly<Record<string, { readonly content?: Contents }>>;
}
type Given = ReturnType<typeof jsonSchemaTransformObject>;
interface Described {
  readonly components: { readonly schemas: Record<string, Schema> };
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  webhooks?: object;
}

/** With an example of all that is sent and answered, and with what is sent to webhooks. */
function completed(given: Given): Given {
  const document = given as unknown as Described;
  document.components.schemas.WebhookEvent = webhookEvent;
  document.webhooks = describeWebhooks();
  for (const operation of Object.values(document.paths ?? {}).flatMap((path) => Object.values(path))) {
    for (const parameter of operation.parameters ?? []) {
      parameter.example = exampleOf(parameter.schema ?? {}, document, true, parameter.name);
    }
    give(operation.requestBody?.content, (schema) => exampleOf(schema, document, false));
    for (const answer of Object.values(operation.responses ?? {})) {
      give(answer.content, (schema) => exampleOf(schema, document, true));
    }
  }
  return given;
}

function give(content: Contents = {}, example: (schema: Schema) => unknown): void {
  for (const each of Object.values(content)) if (each.schema !== undefined) each.example = example(each.schema);
}
