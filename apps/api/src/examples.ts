/** As the OpenAPI document has it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

const id = "3f1c2a9e-8d4b-4c57-9a61-0b7d5e2f8c14";
const time = "2026-11-27T12:00:00.000Z";

/** What a field of this name may hold; the rest follows from its type. */
const known: Readonly<Record<string, unknown>> = {
  ...{ id, connection_id: id, user_id: "user-42", userId: "user-42", provider: "hubspot", registration: "default" },
  ...{ name: "crm", display_name: "Blue Shoes Ltd.", external_account_id: "4711", user_name: "Ada Lovelace" },
  ...{
    user_email: "ada@example.com",
    return_url: "https://app.example.com/settings",
    scopes: ["oauth"],
    tags: ["gold", "region:eu"],
  },
  ...{ access_token: "CJT...the-token", refresh_token: "a1b2...the-refresh-token", expires_in: 1800 },
  ...{ url: "https://connect.example.com/connect?link=eyJ...", state: "Zk3v...", confirmation: "evc_8s0f..." },
  ...{ issuer: "https://login.example.com", client_id: "your-client-id", client_secret: "your-client-secret" },
  ...{ target: "https://app.example.com/webhooks", events: ["connection.needs_reauth"], key: "evk_..." },
  ...{ cursor: "1024", next_cursor: null, limit: 100, code: "rate_limited", title: "Connected accounts" },
  ...{ actor: "key:3f1c2a9e", action: "connection.refreshed", address: "203.0.113.7", metadata: {}, detail: {} },
};

/** Shown although they need not be given. */
const worthShowing: ReadonlySet<string> = new Set([
  "return_url",
  "refresh_token",
  "expires_in",
  "issuer",
  "client_id",
  "confirm",
]);

interface Document {
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** An example that its schema allows. Of what is sent, what has to be there and little more; of an answer all that may be in it. */
export function exampleOf(schema: Schema, document: Document, whole: boolean, name = ""): unknown {
  const seen = resolved(schema, document);
  if (seen.const !== undefined) return seen.const;
  if (seen.enum !== undefined) return seen.enum.includes(known[name]) ? known[name] : seen.enum[0];
  if (seen.properties !== undefined) return objectOf(seen, document, whole);
  const type = [seen.type].flat().find((each) => each !== "null");
  const items = seen.items === undefined ? null : resolved(seen.items, document);
  if (items?.enum !== undefined)
    return [items.enum.includes([known[name]].flat()[0]) ? [known[name]].flat()[0] : items.enum[0]];
  // Of providers, which have names for ids.
  const fitting = name === "id" && seen.format !== "uuid" ? "intranet" : known[name];
  if (fitting !== undefined && (fitting === null ? isNullable(schema, document) : typeOf(fitting) === type))
    return fitting;
  if (seen.default !== undefined) return seen.default;
  if (type === "array") return items === null ? [] : [exampleOf(items, document, whole, name)];
  if (type === "string") return seen.format === "date-time" ? time : seen.format === "uuid" ? id : name || "text";
  if (type === "integer" || type === "number") return Math.max(1, seen.minimum ?? 1);
  if (type === "boolean") return true;
  return type === "object" ? {} : null;
}

function objectOf({ properties = {}, required = [] }: Schema, document: Document, whole: boolean): object {
  const fields = Object.entries(properties).filter(
    ([name]) => whole || required.includes(name) || worthShowing.has(name),
  );
  return Object.fromEntries(fields.map(([name, each]) => [name, exampleOf(each, document, whole, name)]));
}

/** Behind references, and of alternatives the first that is something. */
function resolved(schema: Schema, document: Document): Schema {
  if (schema.$ref !== undefined) return resolved(named(schema.$ref, document), document);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives === undefined) {
    const parts = (schema.allOf ?? []).map((part) => resolved(part, document));
    return parts.length === 0 ? schema : Object.assign({}, ...parts, schema);
  }
  const first = alternatives.find(({ type }) => type !== "null") ?? {};
  return resolved(first, document);
}

const named = ($ref: string, { components }: Document): Schema =>
  components?.schemas?.[$ref.slice($ref.lastIndexOf("/") + 1)] ?? {};

const isNullable = ({ anyOf = [], type }: Schema, _: Document) =>
  anyOf.some((each) => each.type === "null") || [type].flat().includes("null");

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "number" ? "integer" : typeof value;
}
