-- AlterTable
ALTER TABLE "connections" ADD COLUMN "grant_hash" TEXT;

-- CreateTable
CREATE TABLE "hash_keys" (
    "id" UUID NOT NULL,
    "purpose" TEXT NOT NULL,
    "secret" TEXT NOT NULL,

    CONSTRAINT "hash_keys_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "hash_keys_purpose_key" ON "hash_keys"("purpose");

-- What Prisma cannot express.

-- One grant, one holder. Empty: known, and nothing to guard, since it does not rotate.
CREATE UNIQUE INDEX "connections_grant_hash_key" ON "connections"("grant_hash") WHERE "grant_hash" <> '';

-- Those whose hash is not known yet, such as all of a former version: found without reading the others, and none in the long run.
CREATE INDEX "connections_unhashed_idx" ON "connections"("id") WHERE "grant_hash" IS NULL AND "refresh_token" IS NOT NULL;
