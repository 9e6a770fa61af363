import type { z } from "zod";
import { endpoint, providerSchema } from "./provider-schema.ts";
import { at } from "./read-body.ts";

/**
 * Paths of all fields of a definition that requests are sent to: whatever the schema says is an `endpoint`. Not written down a second time,
 * so that no check of addresses can forget one.
 */
export const endpointPaths: readonly string[] = pathsOf(providerSchema, (schema) => schema === endpoint);

/** The endpoints of a definition, by path. @param definition also one that nobody has checked */
export function endpointsOf(definition: unknown): [path: string, url: string][] {
  return endpointPaths.flatMap((path): [string, string][] => {
    const url = at(definition, path);
    return typeof url === "string" ? [[path, url]] : [];
  });
}

/**
 * Where an endpoint leads to: its origin, as something to compare. A part in braces that stands in it is filled from a connection, within
 * the limits of its placeholder, so that these are a part of what it says.
 */
export function originOf(definition: unknown, url: string): string {
  // Filled in two ways: no other template, and no host without one, gives both.
  const origins = ["a", "b"].map((part) => URL.parse(url.replaceAll(placeholder, part))?.origin ?? url);
  if (origins[0] === origins[1]) return origins[0] ?? url;
  const names = [...url.matchAll(placeholder)].map(([, name = ""]) => name);
  return JSON.stringify([origins, names.map((name) => [name, limitsOf(definition, name)])]);
}

const placeholder = /\{([a-z_]+)\}/g;

function limitsOf(definition: unknown, name: string): unknown[] {
  return ["pattern", "default"].map((part) => at(definition, `placeholders.${name}.${part}`) ?? null);
}

/** The paths of a schema's fields that are wanted, those of objects within objects among them. */
export function pathsOf(schema: z.core.$ZodType, wanted: (field: z.core.$ZodType) => boolean, path = ""): string[] {
  if (wanted(schema)) return [path];
  const { def } = schema._zod as { def: { innerType?: z.core.$ZodType; shape?: Record<string, z.core.$ZodType> } };
  if (def.innerType !== undefined) return pathsOf(def.innerType, wanted, path);
  return Object.entries(def.shape ?? {}).flatMap(([name, field]) =>
    pathsOf(field, wanted, path === "" ? name : `${path}.${name}`),
  );
}
