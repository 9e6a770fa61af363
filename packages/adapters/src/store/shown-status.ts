/** `shownStatus` of core, in SQL: by the clock, whether or not anybody ran since the token ended. */
export const shownStatusSql =
  "CASE WHEN status = 'connected' AND expires_at <= now() THEN 'token_expired' ELSE status END";
