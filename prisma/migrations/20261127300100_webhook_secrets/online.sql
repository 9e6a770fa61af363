-- step: short locks
ALTER TABLE "webhook_endpoints" ADD COLUMN "old_secret" TEXT, ADD COLUMN "old_secret_until" TIMESTAMPTZ(3);
ALTER TABLE "webhook_deliveries" ADD COLUMN "attempted_at" TIMESTAMPTZ(3), ADD COLUMN "answer_ms" INTEGER;

-- step: concurrently
CREATE INDEX CONCURRENTLY "webhook_deliveries_failed_idx" ON "webhook_deliveries"("endpoint_id", "event_id") WHERE "status" = 'failed';
