-- step: short locks
ALTER TABLE "audit_log" ADD COLUMN "address" TEXT;

-- step: concurrently
CREATE INDEX CONCURRENTLY "audit_log_actor_id_idx" ON "audit_log"("actor", "id");
CREATE INDEX CONCURRENTLY "audit_log_action_id_idx" ON "audit_log"("action", "id");
