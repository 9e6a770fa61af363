-- step: concurrently
CREATE INDEX CONCURRENTLY "audit_log_at_idx" ON "audit_log"("at");
