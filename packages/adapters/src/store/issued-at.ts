/** When the stored token set came, in SQL: by a refresh or, if that was later, by a connect or an import. */
export const issuedAtSql = "greatest(last_refresh_at, connected_at)";

/** The same of a row that was read. */
export function issuedAt({ lastRefreshAt, connectedAt }: { lastRefreshAt: Date | null; connectedAt: Date }): Date {
  return lastRefreshAt !== null && lastRefreshAt > connectedAt ? lastRefreshAt : connectedAt;
}
