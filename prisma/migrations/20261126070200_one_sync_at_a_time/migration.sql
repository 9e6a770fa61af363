-- Who runs a connection's sync, and until when that holds unless it is said again.
ALTER TABLE "connections" ADD COLUMN "sync_owner" TEXT, ADD COLUMN "sync_until" TIMESTAMPTZ(3);
