import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { snake } from "./wire.ts";

export interface FieldFault {
  readonly field: string;
  readonly reason: string;
}

const most = 20;

/**
 * Which fields are wrong and why, or null when the error is another one. Never a value: what stands in a field may be a token. A field's
 * own name comes from the request as well, and is shown only when it looks like a name.
 */
export function fieldFaults(error: unknown): FieldFault[] | null {
  if (!hasZodFastifySchemaValidationErrors(error)) return null;
  const context = (error as { validationContext?: string }).validationContext ?? "body";
  return error.validation.slice(0, most).flatMap(({ keyword, instancePath, message, params }) => {
    const path = instancePath.split("/").filter((part) => part !== "");
    if (keyword !== "unrecognized_keys") return [{ field: nameOf(path, context), reason: message ?? "is not valid" }];
    const keys = (params as { keys?: unknown }).keys;
    const unknown = Array.isArray(keys) ? keys.slice(0, most) : [];
    return unknown.map((key) => ({ field: nameOf([...path, String(key)], context), reason: "is not known here" }));
  });
}

const partPattern = /^[\w-]{1,40}$/;

function nameOf(path: readonly string[], context: string): string {
  if (path.length === 0) return context;
  return path.map((part) => (partPattern.test(part) ? part : "(odd name)")).join(".");
}

/** The engine's own checks say `returnUrl: not on the allow list; ...`: over HTTP that is `return_url`. */
export function namedFields(message: string): FieldFault[] {
  return message
    .replace(/^the [a-z ]+: /, "")
    .split("; ")
    .flatMap((part) => {
      const [, field, reason] = /^([a-zA-Z][\w.]{0,80}): (.+)$/.exec(part) ?? [];
      return field === undefined || reason === undefined ? [] : [{ field: snake(field), reason }];
    });
}
