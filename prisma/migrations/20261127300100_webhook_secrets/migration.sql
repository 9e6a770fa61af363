-- The signing secret of before, which goes on signing beside the new one for a while.
ALTER TABLE "webhook_endpoints" ADD COLUMN "old_secret" TEXT, ADD COLUMN "old_secret_until" TIMESTAMPTZ(3);

-- When the last attempt was made, and how long its answer took.
ALTER TABLE "webhook_deliveries" ADD COLUMN "attempted_at" TIMESTAMPTZ(3), ADD COLUMN "answer_ms" INTEGER;

-- What was given up, which is little: found without looking at all that was delivered.
CREATE INDEX "webhook_deliveries_failed_idx" ON "webhook_deliveries"("endpoint_id", "event_id") WHERE "status" = 'failed';
