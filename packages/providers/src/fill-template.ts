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
    const value = metadata[name] ?? placeholder.default;
    if (value === undefined) throw new EndpointFault(`${provider.id}: metadata.${name} is missing`);
    if (!new RegExp(`^(?:${placeholder.pattern})$`).test(value)) {
      throw new EndpointFault(`${provider.id}: metadata.${name} is not allowed in an endpoint`);
    }
    return value;
  });
}
