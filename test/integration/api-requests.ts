import fc from "fast-check";

// biome-ignore lint/suspicious/noExplicitAny: JSON Schema is whatever the document says
type Json = any;

export interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly definition: Json;
  /** Statuses that it says it answers. */
  readonly answers: readonly string[];
}

export function operationsOf(document: Json): Operation[] {
  return Object.entries(document.paths as Json).flatMap(([path, methods]) =>
    Object.entries(methods as Json).map(([method, definition]: [string, Json]) => ({
      ...{ name: `${method} ${path}`, method: method.toUpperCase(), path, definition },
      answers: Object.keys(definition.responses),
    })),
  );
}

/** Requests as the document describes them; every other one has something in it that does not belong there. */
export function requestOf(document: Json, { path, definition }: Operation, knownId: string) {
  const parameters: Json[] = definition.parameters ?? [];
  const of = (place: string) => parameters.filter((one) => one.in === place);
  const fields = (list: Json[]) =>
    Object.fromEntries(list.map(({ name, schema }) => [name, withNonsense(valueFor(document, schema), name, knownId)]));
  const body = definition.requestBody?.content["application/json"]?.schema;
  const required = of("query").flatMap(({ name, required }) => (required ? [name] : []));
  return fc.record({
    path: fc.record(fields(of("path"))).map((values) => fill(path, values)),
    query: fc.record(fields(of("query")), { requiredKeys: required as never[] }).map(toQuery),
    body: body === undefined ? fc.constant(undefined) : mangled(valueFor(document, body)),
  });
}

const fill = (path: string, values: Record<string, unknown>) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name) => encode(values[name]));

function toQuery(values: Record<string, unknown>): string {
  const parts = Object.entries(values).map(([name, value]) => `${name}=${encode(value)}`);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

function encode(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value ?? "");
  // Dots alone would be resolved by the client; half a character cannot be encoded.
  return encodeURIComponent(text.toWellFormed()).replaceAll(/^\.+$/g, "dots") || "%20";
}

const nonsense = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("", "\0", "-1", "1e99", "null", "../..", "'; DROP TABLE connections;--", "x".repeat(5000)),
  fc.integer(),
);

function withNonsense(right: fc.Arbitrary<unknown>, name: string, knownId: string): fc.Arbitrary<unknown> {
  const real = name === "id" ? [{ weight: 3, arbitrary: fc.constant<unknown>(knownId) }] : [];
  const known = name === "provider" ? [{ weight: 2, arbitrary: fc.constant<unknown>("acme") }] : [];
  return fc.oneof({ weight: 4, arbitrary: right }, ...real, ...known, { weight: 1, arbitrary: nonsense });
}

/** A right body, or one in which a field is of another kind, missing, or too many. */
function mangled(right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const one = fc.tuple(right, fc.nat(), fc.oneof(nonsense, fc.jsonValue({ maxDepth: 3 }))).map(([body, at, value]) => {
    if (typeof body !== "object" || body === null) return value;
    const keys = [...Object.keys(body), "surprise"];
    return { ...body, [keys[at % keys.length] as string]: value };
  });
  return fc.oneof(
    { weight: 4, arbitrary: right },
    { weight: 3, arbitrary: one },
    { weight: 1, arbitrary: fc.jsonValue() },
  );
}

function valueFor(document: Json, schema: Json): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return valueFor(document, resolve(document, schema.$ref));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) return fc.oneof(...either.map((one: Json) => valueFor(document, one)));
  switch (schema.type) {
    case "object":
      return objectOf(document, schema);
    case "array":
      return fc.array(valueFor(document, schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 4 });
    case "integer":
      return fc.integer({ min: schema.minimum ?? -1000, max: Math.min(schema.maximum ?? 100_000, 2 ** 31 - 1) });
    case "number":
      return fc.double({ min: schema.minimum ?? 1, max: schema.maximum ?? 100_000, noNaN: true });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "string":
      return textOf(schema);
    default:
      return fc.jsonValue();
  }
}

function objectOf(document: Json, schema: Json): fc.Arbitrary<unknown> {
  if (schema.properties === undefined) {
    return fc.dictionary(
      fc.string({ minLength: 1, maxLength: 12 }),
      valueFor(document, schema.additionalProperties ?? {}),
      {
        maxKeys: 3,
      },
    );
  }
  const model = Object.fromEntries(
    Object.entries(schema.properties).map(([name, one]) => [name, wellKnown(name) ?? valueFor(document, one)]),
  );
  return fc.record(model, { requiredKeys: schema.required ?? [] });
}

/** Fields that only mean something with a value that exists. */
function wellKnown(name: string): fc.Arbitrary<unknown> | null {
  if (name === "provider") return fc.constantFrom("acme", "hubspot", "nobody");
  if (name === "access_token" || name === "refresh_token" || name === "client_secret")
    return fc.constant("canary-token");
  if (name === "return_url" || name === "redirect_uri")
    return fc.constantFrom("https://app.example/back", "https://evil.example");
  if (name === "target")
    return fc.constantFrom("https://hooks.example/x?canary-token", "http://127.0.0.1:1/", "a@b.example");
  return null;
}

function textOf({ format, pattern, minLength = 0, maxLength = 100 }: Json): fc.Arbitrary<string> {
  if (format === "uuid") return fc.uuid();
  if (format === "date-time")
    return fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString());
  if (format === "email") return fc.constantFrom("a@b.example", "user@example.com");
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  return fc.string({ unit: "grapheme", minLength, maxLength: Math.min(maxLength, 60) });
}

function resolve(document: Json, ref: string): Json {
  return ref
    .slice(2)
    .split("/")
    .reduce((node, part) => node[part], document);
}
