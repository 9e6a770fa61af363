-- Where a time begins, for pages of the log between two times.
CREATE INDEX "audit_log_at_idx" ON "audit_log"("at");
