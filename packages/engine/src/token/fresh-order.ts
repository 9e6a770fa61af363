import type { Trigger } from "@evertoken/core";

/** Somebody waits for a newer token set than the one that they have seen. */
export interface FreshOrder {
  readonly connectionId: string;
  /** The generation the caller has seen and wants replaced. */
  readonly generation: number;
  readonly trigger: Trigger;
  readonly force: boolean;
}
