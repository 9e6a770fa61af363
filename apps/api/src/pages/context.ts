import type { Engine } from "@evertoken/engine/internal";

/** What every page needs. */
export interface PagesContext {
  readonly engine: Engine;
  /** Address of the connect page. */
  readonly home: string;
  readonly embedOrigins: readonly string[];
}
