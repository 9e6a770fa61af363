import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { fetchedPackages } from "@evertoken/local";

/** Loaded into the demo of the package: what is no dependency of it is found among what `evertoken start` has fetched. */
const parentURL = pathToFileURL(join(fetchedPackages, "package.json")).href;

registerHooks({
  resolve(specifier, context, nextResolve) {
    return nextResolve(specifier, specifier === "oidc-provider" ? { ...context, parentURL } : context);
  },
});
