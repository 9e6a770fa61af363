-- CreateTable
CREATE TABLE "connections" (
    "id" UUID NOT NULL,
    "user_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "registration" TEXT NOT NULL DEFAULT 'default',
    "external_account_id" TEXT NOT NULL,
    "display_name" TEXT,
    "parent_id" UUID,
    "auth_type" TEXT NOT NULL DEFAULT 'oauth2',
    "status" TEXT NOT NULL DEFAULT 'connected',
    "access_token" TEXT,
    "refresh_token" TEXT,
    "token_type" TEXT,
    "scopes" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "expires_at" TIMESTAMPTZ(3),
    "refresh_token_expires_at" TIMESTAMPTZ(3),
    "generation" INTEGER NOT NULL DEFAULT 1,
    "derived_generation" INTEGER NOT NULL DEFAULT 0,
    "lease_owner" TEXT,
    "lease_until" TIMESTAMPTZ(3),
    "lease_started_at" TIMESTAMPTZ(3),
    "next_refresh_at" TIMESTAMPTZ(3),
    "not_before" TIMESTAMPTZ(3),
    "failing_since" TIMESTAMPTZ(3),
    "consecutive_failures" INTEGER NOT NULL DEFAULT 0,
    "lost_answers" INTEGER NOT NULL DEFAULT 0,
    "last_refresh_at" TIMESTAMPTZ(3),
    "last_error_code" TEXT,
    "last_error_message" TEXT,
    "last_sync_at" TIMESTAMPTZ(3),
    "last_sync_status" TEXT,
    "last_sync_message" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "connected_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "connections_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "token_refresh_log" (
    "id" BIGSERIAL NOT NULL,
    "connection_id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    "success" BOOLEAN NOT NULL,
    "outcome" TEXT NOT NULL,
    "error_code" TEXT,
    "message" TEXT,
    "http_status" INTEGER,
    "duration_ms" INTEGER NOT NULL,
    "old_expires_at" TIMESTAMPTZ(3),
    "new_expires_at" TIMESTAMPTZ(3),
    "generation" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "token_refresh_log_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "provider_states" (
    "provider" TEXT NOT NULL,
    "registration" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "circuit_open" BOOLEAN NOT NULL DEFAULT false,
    "reason" TEXT,
    "opened_at" TIMESTAMPTZ(3),
    "opened_by" UUID,
    "next_probe_at" TIMESTAMPTZ(3),
    "closed_at" TIMESTAMPTZ(3),
    "throttled_until" TIMESTAMPTZ(3),

    CONSTRAINT "provider_states_pkey" PRIMARY KEY ("provider", "registration")
);

-- CreateTable
CREATE TABLE "outbox" (
    "id" BIGSERIAL NOT NULL,
    "event" TEXT NOT NULL,
    "connection_id" UUID,
    "provider" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "delivered_at" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "encryption_keys" (
    "key_id" TEXT NOT NULL,
    "check_text" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "encryption_keys_pkey" PRIMARY KEY ("key_id")
);

-- CreateTable
CREATE TABLE "queue_states" (
    "queue" TEXT NOT NULL,
    "paused" BOOLEAN NOT NULL DEFAULT false,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "queue_states_pkey" PRIMARY KEY ("queue")
);

-- CreateIndex
CREATE UNIQUE INDEX "connections_user_id_provider_external_account_id_key" ON "connections"("user_id", "provider", "external_account_id");

-- CreateIndex
CREATE INDEX "connections_provider_status_idx" ON "connections"("provider", "status");

-- CreateIndex
CREATE INDEX "connections_parent_id_idx" ON "connections"("parent_id");

-- CreateIndex
CREATE INDEX "token_refresh_log_connection_id_id_idx" ON "token_refresh_log"("connection_id", "id");

-- AddForeignKey
ALTER TABLE "connections" ADD CONSTRAINT "connections_parent_id_fkey" FOREIGN KEY ("parent_id") REFERENCES "connections"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma cannot express.

-- Room in each page for the next version of a row: every refresh rewrites it.
ALTER TABLE "connections" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- Sweeps ask for what is due or expiring soon; a due time is never later than its expiry, so one index serves both.
CREATE INDEX "connections_due_idx" ON "connections"("next_refresh_at") WHERE "next_refresh_at" IS NOT NULL;

-- The log is written in time order and pruned by time: a few kilobytes of BRIN do what a B-tree of gigabytes would.
CREATE INDEX "token_refresh_log_created_at_idx" ON "token_refresh_log" USING BRIN ("created_at");

CREATE INDEX "outbox_undelivered_idx" ON "outbox"("id") WHERE "delivered_at" IS NULL;

-- A status nobody knows would be shown to users: the database refuses it.
ALTER TABLE "connections" ADD CONSTRAINT "connections_status_check"
  CHECK ("status" IN ('connected', 'token_expired', 'needs_reauth', 'error', 'disconnected'));
ALTER TABLE "connections" ADD CONSTRAINT "connections_auth_type_check"
  CHECK ("auth_type" IN ('oauth2', 'api_key', 'personal_access_token', 'derived'));

-- Views for monitoring queries.

CREATE VIEW "connections_expiring" AS
SELECT "id", "user_id", "provider", "status", "expires_at", "next_refresh_at", "expires_at" - now() AS "expires_in"
FROM "connections"
WHERE "expires_at" IS NOT NULL AND "status" <> 'disconnected';

CREATE VIEW "connections_needing_reauth" AS
SELECT "provider", "last_error_code", count(*) AS "connections", min("updated_at") AS "since"
FROM "connections"
WHERE "status" = 'needs_reauth'
GROUP BY "provider", "last_error_code";

CREATE VIEW "refresh_failures" AS
SELECT "provider", "outcome", "error_code", "message", count(*) AS "failures", max("created_at") AS "last_at"
FROM "token_refresh_log"
WHERE NOT "success" AND "created_at" > now() - interval '24 hours'
GROUP BY "provider", "outcome", "error_code", "message";

CREATE VIEW "refresh_success_rate" AS
SELECT "provider", "trigger", count(*) AS "attempts", count(*) FILTER (WHERE "success") AS "successes",
       round(100.0 * count(*) FILTER (WHERE "success") / count(*), 2) AS "success_percent",
       percentile_disc(0.95) WITHIN GROUP (ORDER BY "duration_ms") AS "p95_duration_ms"
FROM "token_refresh_log"
WHERE "created_at" > now() - interval '24 hours'
GROUP BY "provider", "trigger";
