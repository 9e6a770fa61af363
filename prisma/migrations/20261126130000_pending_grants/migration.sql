-- Which browser a flow was sent out in, by its one-time start address, and whether what it brings waits for the app's word.
ALTER TABLE "oauth_states" ADD COLUMN "confirm" BOOLEAN NOT NULL DEFAULT false, ADD COLUMN "start_hash" TEXT,
  ADD COLUMN "consent_url" TEXT, ADD COLUMN "browser_hash" TEXT, ADD COLUMN "confirmation_hash" TEXT;

-- CreateIndex
CREATE UNIQUE INDEX "oauth_states_start_hash_key" ON "oauth_states"("start_hash");

-- CreateIndex
CREATE UNIQUE INDEX "oauth_states_confirmation_hash_key" ON "oauth_states"("confirmation_hash");

-- CreateTable
CREATE TABLE "pending_grants" (
    "id" UUID NOT NULL,
    "state_hash" TEXT NOT NULL,
    "access_token" TEXT NOT NULL,
    "refresh_token" TEXT,
    "details" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "pending_grants_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "pending_grants_state_hash_key" ON "pending_grants"("state_hash");

-- CreateIndex
CREATE INDEX "pending_grants_expires_at_idx" ON "pending_grants"("expires_at");

-- Whose account a grant is that nobody confirmed: to revoke it would end a living connection of that account, too.
ALTER TABLE "revocations" ADD COLUMN "user_id" TEXT, ADD COLUMN "external_account_id" TEXT;
