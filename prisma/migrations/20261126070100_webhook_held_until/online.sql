-- step: short locks
ALTER TABLE "webhook_endpoints" ADD COLUMN "held_until" TIMESTAMPTZ(3);

-- step: concurrently
CREATE INDEX CONCURRENTLY "webhook_deliveries_claim_idx" ON "webhook_deliveries"("endpoint_id", "attempts", "next_attempt_at") WHERE "status" = 'pending';
CREATE INDEX CONCURRENTLY "webhook_deliveries_next_idx" ON "webhook_deliveries"("endpoint_id", "next_attempt_at") WHERE "status" = 'pending';
CREATE INDEX CONCURRENTLY "webhook_deliveries_event_id_idx" ON "webhook_deliveries"("event_id");
DROP INDEX CONCURRENTLY IF EXISTS "webhook_deliveries_status_next_attempt_at_idx";
