-- Lists by provider and status in the order of a time, page after page. The first one takes the place of (provider, status), dropped below,
-- so that it costs a refresh nothing more; the others cost one index entry each. A claim writes none of these columns and stays a HOT update.
CREATE INDEX "connections_provider_status_expires_at_id_idx" ON "connections"("provider", "status", "expires_at", "id");
CREATE INDEX "connections_provider_status_last_refresh_at_id_idx" ON "connections"("provider", "status", "last_refresh_at", "id");
CREATE INDEX "connections_provider_status_updated_at_id_idx" ON "connections"("provider", "status", "updated_at", "id");

-- CreateIndex
CREATE INDEX "outbox_connection_id_id_idx" ON "outbox"("connection_id", "id");

-- CreateTable
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

-- CreateTable
CREATE TABLE "refresh_stats_progress" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "added_up_to" BIGINT NOT NULL,
    "seen_up_to" BIGINT NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "refresh_stats_progress_pkey" PRIMARY KEY ("id")
);
ALTER TABLE "refresh_stats_progress" ADD CONSTRAINT "refresh_stats_progress_one_row" CHECK ("id" = 1);
-- What stood in the log before is not added up: reading hundreds of millions of rows would hold up the migration.
INSERT INTO "refresh_stats_progress" ("added_up_to", "seen_up_to", "seen_at")
SELECT coalesce(max("id"), 0), coalesce(max("id"), 0), now() FROM "token_refresh_log";

-- What connections are searched by, in lower case. A table of its own: the trigger fires only for statements that name one of its columns,
-- so a refresh does not pay for it, as it would for three more indexes. "C" lets a range of the index find beginnings.
CREATE TABLE "connection_terms" (
    "term" TEXT COLLATE "C" NOT NULL,
    "connection_id" UUID NOT NULL
);

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

INSERT INTO "connection_terms" ("term", "connection_id")
SELECT t.term, c."id" FROM "connections" c CROSS JOIN LATERAL (
  SELECT DISTINCT lower(left(term, 200)) AS term FROM unnest(ARRAY[c."user_id", c."external_account_id", c."display_name"]) AS term
  WHERE term IS NOT NULL) t;
ALTER TABLE "connection_terms" ADD CONSTRAINT "connection_terms_pkey" PRIMARY KEY ("term", "connection_id");

-- What Prisma cannot express.

-- Few connections fail at a time, and only they are in it.
CREATE INDEX "connections_failing_idx" ON "connections"("provider", "status", "failing_since", "id") WHERE "failing_since" IS NOT NULL;

-- Last, since these keep readers out until the end: most connections have no parent and need no entry, so a refresh writes one less.
DROP INDEX "connections_parent_id_idx";
CREATE INDEX "connections_parent_id_idx" ON "connections"("parent_id") WHERE "parent_id" IS NOT NULL;
DROP INDEX "connections_provider_status_idx";
