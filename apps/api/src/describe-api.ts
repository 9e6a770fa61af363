import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";

const description = `Keeps the OAuth tokens of connected accounts fresh, and hands out valid ones.

Every request carries an API key (\`Authorization: Bearer evk_...\`). Every error is a problem document (RFC 9457) with a stable \`code\`.
Lists come in pages: pass \`next_cursor\` of an answer as \`cursor\` of the next request.`;

/** The OpenAPI document, made of the schemas that check the requests, and pages to browse it. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Evertoken", version: "1.0.0", description, license: { name: "MIT", identifier: "MIT" } },
      components: { securitySchemes: { key: { type: "http", scheme: "bearer", description: "An API key: evk_..." } } },
      servers: [{ url: "/" }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
  await app.register(swaggerUi, { routePrefix: "/docs", staticCSP: true, logLevel: "warn" });
}
