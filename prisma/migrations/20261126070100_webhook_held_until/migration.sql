-- A receiver that does not answer is left alone until then: one row says so, not each of its deliveries.
ALTER TABLE "webhook_endpoints" ADD COLUMN "held_until" TIMESTAMPTZ(3);

-- Not concurrently: that would wait for the processes that wait for this migration. No refresh writes to this table.

-- A claim takes the first that are due, fewest attempts first, without reading the rest.
CREATE INDEX "webhook_deliveries_claim_idx" ON "webhook_deliveries"("endpoint_id", "attempts", "next_attempt_at") WHERE "status" = 'pending';

-- When an endpoint has something to do next.
CREATE INDEX "webhook_deliveries_next_idx" ON "webhook_deliveries"("endpoint_id", "next_attempt_at") WHERE "status" = 'pending';

-- Prune deletes the deliveries of an event.
CREATE INDEX "webhook_deliveries_event_id_idx" ON "webhook_deliveries"("event_id");

DROP INDEX "webhook_deliveries_status_next_attempt_at_idx";
