-- step: short locks
ALTER TABLE "connections" ADD COLUMN "grant_hash" TEXT;
CREATE TABLE "hash_keys" (
    "id" UUID NOT NULL,
    "purpose" TEXT NOT NULL,
    "secret" TEXT NOT NULL,

    CONSTRAINT "hash_keys_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "hash_keys_purpose_key" ON "hash_keys"("purpose");

-- step: concurrently
CREATE UNIQUE INDEX CONCURRENTLY "connections_grant_hash_key" ON "connections"("grant_hash") WHERE "grant_hash" <> '';
CREATE INDEX CONCURRENTLY "connections_unhashed_idx" ON "connections"("id") WHERE "grant_hash" IS NULL AND "refresh_token" IS NOT NULL;
