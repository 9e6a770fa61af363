import type { ConnectionStatus } from "@evertoken/core";

/** Those that need somebody first. */
export const statuses: readonly ConnectionStatus[] = [
  "needs_reauth",
  "error",
  "token_expired",
  "connected",
  "disconnected",
];
