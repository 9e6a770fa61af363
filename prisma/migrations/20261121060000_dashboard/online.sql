-- step: short locks
CREATE TABLE "refresh_stats" (
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "provider" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "error_code" TEXT NOT NULL,
    "duration_bucket" INTEGER NOT NULL,
    "attempts" INTEGER NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,
    "last_connection_id" UUID NOT NULL,

    CONSTRAINT "refresh_stats_pkey" PRIMARY KEY ("hour", "provider", "outcome", "error_code", "duration_bucket")
);
CREATE TABLE "refresh_stats_progress" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "added_up_to" BIGINT NOT NULL,
    "seen_up_to" BIGINT NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "refresh_stats_progress_pkey" PRIMARY KEY ("id")
);
ALTER TABLE "refresh_stats_progress" ADD CONSTRAINT "refresh_stats_progress_one_row" CHECK ("id" = 1);
INSERT INTO "refresh_stats_progress" ("added_up_to", "seen_up_to", "seen_at")
SELECT coalesce(max("id"), 0), coalesce(max("id"), 0), now() FROM "token_refresh_log";

CREATE TABLE "connection_terms" (
    "term" TEXT COLLATE "C" NOT NULL,
    "connection_id" UUID NOT NULL,
    CONSTRAINT "connection_terms_pkey" PRIMARY KEY ("term", "connection_id")
);

-- step: short locks
-- From here on what is new has its terms.
CREATE FUNCTION "store_connection_terms"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM connection_terms WHERE connection_id = OLD.id
      AND term IN (lower(left(OLD.user_id, 200)), lower(left(OLD.external_account_id, 200)), lower(left(OLD.display_name, 200)));
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN NULL; END IF;
  INSERT INTO connection_terms (term, connection_id)
    SELECT DISTINCT lower(left(term, 200)), NEW.id FROM unnest(ARRAY[NEW.user_id, NEW.external_account_id, NEW.display_name]) AS term
    WHERE term IS NOT NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER "connections_terms_rows" AFTER INSERT OR DELETE ON "connections" FOR EACH ROW EXECUTE FUNCTION "store_connection_terms"();
CREATE TRIGGER "connections_terms_update" AFTER UPDATE OF "user_id", "external_account_id", "display_name" ON "connections" FOR EACH ROW
  WHEN ((OLD."user_id", OLD."external_account_id", OLD."display_name") IS DISTINCT FROM (NEW."user_id", NEW."external_account_id", NEW."display_name"))
  EXECUTE FUNCTION "store_connection_terms"();

-- step: batches over connections
-- A row that is renamed meanwhile waits until the terms of its former names are in, which its trigger then deletes.
WITH page AS (
  SELECT "id", "user_id", "external_account_id", "display_name" FROM "connections"
  WHERE "id" > coalesce(nullif($1, ''), '00000000-0000-0000-0000-000000000000')::uuid ORDER BY "id" LIMIT 2000 FOR SHARE
), stored AS (
  INSERT INTO "connection_terms" ("term", "connection_id")
  SELECT DISTINCT lower(left(term, 200)), p."id" FROM page p, unnest(ARRAY[p."user_id", p."external_account_id", p."display_name"]) AS term
  WHERE term IS NOT NULL ON CONFLICT DO NOTHING
)
SELECT max("id"::text) AS next, count(*)::int AS rows FROM page

-- step: concurrently
CREATE INDEX CONCURRENTLY "connections_provider_status_expires_at_id_idx" ON "connections"("provider", "status", "expires_at", "id");
CREATE INDEX CONCURRENTLY "connections_provider_status_last_refresh_at_id_idx" ON "connections"("provider", "status", "last_refresh_at", "id");
CREATE INDEX CONCURRENTLY "connections_provider_status_updated_at_id_idx" ON "connections"("provider", "status", "updated_at", "id");
CREATE INDEX CONCURRENTLY "outbox_connection_id_id_idx" ON "outbox"("connection_id", "id");
CREATE INDEX CONCURRENTLY "connections_failing_idx" ON "connections"("provider", "status", "failing_since", "id") WHERE "failing_since" IS NOT NULL;
CREATE INDEX CONCURRENTLY "connections_parent_id_new_idx" ON "connections"("parent_id") WHERE "parent_id" IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS "connections_provider_status_idx";

-- step: short locks
DROP INDEX "connections_parent_id_idx";
ALTER INDEX "connections_parent_id_new_idx" RENAME TO "connections_parent_id_idx";
