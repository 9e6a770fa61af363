-- Prisma cannot express it: reconcile asks every minute which syncs are waiting, and few of a million connections are.
CREATE INDEX "connections_sync_pending_idx" ON "connections"("id") WHERE "last_sync_status" = 'pending';
