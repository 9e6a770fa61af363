-- From where it was done: an address, or the host of a command.
ALTER TABLE "audit_log" ADD COLUMN "address" TEXT;

-- What one actor did, and one kind of act, newest first.
CREATE INDEX "audit_log_actor_id_idx" ON "audit_log"("actor", "id");
CREATE INDEX "audit_log_action_id_idx" ON "audit_log"("action", "id");
