import { createReadStream } from "node:fs";
import { text } from "node:stream/consumers";
import { EvertokenError } from "@evertoken/engine";
import { type ProviderSource, type StoredProviderView, storedProviders } from "@evertoken/engine/internal";
import { auditOperator } from "../audit-operator.ts";
import { type Confirmed, confirm } from "../confirm.ts";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";

/** Adds what a file of JSON states, or replaces it: the words of the API in camelCase, or an entry of a providers file. */
export async function addProvider(
  io: Io,
  file: string,
  { replace = false }: { replace?: boolean },
): Promise<undefined> {
  const source = toSource(parse(file, await read(io, file)));
  await withEngine(io, async ({ engine }) => {
    const view = await (replace ? storedProviders.replace(engine, source) : storedProviders.add(engine, source));
    await auditOperator(engine, {
      action: replace ? "provider.replaced" : "provider.added",
      detail: { provider: view.id },
    });
    io.result(view, () => described(view));
  });
}

export async function removeProvider(io: Io, id: string, options: Confirmed): Promise<undefined> {
  await withEngine(io, async ({ engine }) => {
    await confirm(io, `remove the provider ${id}, with its client registrations and their secrets`, options);
    await storedProviders.remove(engine, id);
    await auditOperator(engine, { action: "provider.removed", detail: { provider: id } });
    io.result({ id, removed: true }, () => [`${id} is removed, with its client registrations`]);
  });
}

function described({ id, definition, clientId }: StoredProviderView): string[] {
  const { authorizeUrl, tokenUrl } = definition;
  return [
    `${id} is stored; every process uses it within seconds`,
    ...(typeof authorizeUrl === "string" ? [`consent at ${authorizeUrl}`] : []),
    ...(typeof tokenUrl === "string" ? [`tokens at ${tokenUrl}`] : []),
    ...(clientId === null ? ["it has no client registration yet: nobody can connect an account"] : []),
  ];
}

async function read(io: Io, file: string): Promise<string> {
  try {
    return await text(file === "-" ? io.stdin : createReadStream(file));
  } catch (error) {
    throw new EvertokenError("invalid_input", `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** The parser's own message quotes the text, which may be a secret. */
function parse(file: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw new EvertokenError("invalid_input", `${file} is not JSON`);
  }
}

function toSource(given: unknown): ProviderSource {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new UsageError("the file has to hold one provider, as an object");
  }
  if (!("policy" in given)) return given as ProviderSource;
  const { clientId, clientSecret, ...definition } = given as Record<string, unknown>;
  const client = {
    ...(clientId === undefined ? {} : { clientId }),
    ...(clientSecret === undefined ? {} : { clientSecret }),
  };
  return { ...client, id: definition.id, definition } as ProviderSource;
}
