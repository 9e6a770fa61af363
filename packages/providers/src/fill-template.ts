import type { Provider } from "./provider.ts";

/** There is no endpoint to ask, or a connection's metadata does not fit it. `message` names the field, never its value. */
export class EndpointFault extends Error {
  readonly code = "ERR_ENDPOINT";
}

/**
 * Fills `{shop}` and the like from the connection's metadata. What a customer typed decides where secrets are sent, so a value must
 * match the provider's allow pattern as a whole. Throws {@link EndpointFault}.
 */
export function fillTemplate(
  provider: Pick<Provider, "id" | "placeholders">,
  template: string,
  metadata: Readonly<Record<string, string>>,
): string {
  return template.replaceAll(/\{([a-z_]+)\}/g, (part, name: string) => {
    const placeholder = provider.placeholders[name];
    if (placeholder === undefined) return part;
    const fault = faultOf(provider, name, metadata);
    if (fault !== null) throw new EndpointFault(fault);
    return metadata[name] ?? placeholder.default ?? "";
  });
}

type Templates = Pick<
  Provider,
  "id" | "placeholders" | "tokenUrl" | "refresh" | "revoke" | "authorizeUrl" | "code" | "answer" | "keepFromRedirect"
>;

/**
 * What keeps a connection's metadata from making the endpoints that its life needs, one line for each field, never with its value. Before
 * consent that is the page for it as well, but not what the provider itself will tell with its answer.
 */
export function metadataFaults(
  provider: Templates,
  metadata: Readonly<Record<string, string>>,
  when: "connecting" | "connected",
): string[] {
  const { tokenUrl, refresh, revoke, authorizeUrl, code, answer, keepFromRedirect } = provider;
  const connecting = when === "connecting" ? [authorizeUrl, code.url ?? tokenUrl] : [];
  const urls = [refresh.url ?? tokenUrl, revoke?.url, ...connecting].join(" ");
  const later = when === "connecting" ? [...answer.keep, ...keepFromRedirect] : [];
  return Object.keys(provider.placeholders)
    .filter((name) => metadata[name] !== undefined || (urls.includes(`{${name}}`) && !later.includes(name)))
    .flatMap((name) => faultOf(provider, name, metadata) ?? []);
}

function faultOf(
  { id, placeholders }: Pick<Provider, "id" | "placeholders">,
  name: string,
  metadata: Readonly<Record<string, string>>,
): string | null {
  const placeholder = placeholders[name];
  const value = metadata[name] ?? placeholder?.default;
  if (placeholder === undefined) return null;
  if (value === undefined) return `metadata.${name}: needed by ${id}, such as ${placeholder.example}`;
  if (new RegExp(`^(?:${placeholder.pattern})$`).test(value)) return null;
  return `metadata.${name}: not allowed in an endpoint of ${id}, such as ${placeholder.example} is`;
}
