/** Changes of state that apps and operators are told of; one per change, not one per attempt. */
export type EventName =
  | "connection.created"
  | "connection.reconnected"
  | "connection.disconnected"
  | "token.refreshed"
  | "token.refresh_failed"
  | "connection.needs_reauth"
  | "connection.reauth_due"
  | "connection.recovered"
  | "provider.circuit_opened"
  | "provider.circuit_closed"
  | "installation.held"
  | "installation.released";
