-- The refresh log in pieces, so that what is old is dropped and not deleted: granted attempts by the day, all others, which are few and kept for
-- longer, by the week. What fits no piece goes into the default: a commit never fails for want of one.
--
-- What is in the log already stays where it is, under another name, and is read along through the view `refresh_log`. So nothing is copied but
-- the newest rows, which processes of the version before look for here. In most installations these are all.

ALTER TABLE "token_refresh_log" RENAME TO "token_refresh_log_beside";
ALTER INDEX "token_refresh_log_pkey" RENAME TO "token_refresh_log_beside_pkey";
ALTER INDEX "token_refresh_log_connection_id_id_idx" RENAME TO "token_refresh_log_beside_connection_id_id_idx";
ALTER INDEX "token_refresh_log_created_at_idx" RENAME TO "token_refresh_log_beside_created_at_idx";

CREATE TABLE "token_refresh_log" (
    "id" BIGINT NOT NULL DEFAULT nextval('"token_refresh_log_id_seq"'),
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

    -- Postgres wants all by which it divides in here.
    CONSTRAINT "token_refresh_log_pkey" PRIMARY KEY ("id", "success", "created_at")
) PARTITION BY LIST ("success");
ALTER SEQUENCE "token_refresh_log_id_seq" OWNED BY "token_refresh_log"."id";

CREATE TABLE "token_refresh_log_granted" PARTITION OF "token_refresh_log" FOR VALUES IN (true) PARTITION BY RANGE ("created_at");
CREATE TABLE "token_refresh_log_failed" PARTITION OF "token_refresh_log" FOR VALUES IN (false) PARTITION BY RANGE ("created_at");
CREATE TABLE "token_refresh_log_granted_default" PARTITION OF "token_refresh_log_granted" DEFAULT;
CREATE TABLE "token_refresh_log_failed_default" PARTITION OF "token_refresh_log_failed" DEFAULT;

CREATE INDEX "token_refresh_log_connection_id_id_idx" ON "token_refresh_log"("connection_id", "id");
-- A few kilobytes that find a quarter of an hour in a day.
CREATE INDEX "token_refresh_log_created_at_idx" ON "token_refresh_log" USING BRIN ("created_at");

-- The first pieces; from now on the scheduler makes them a week ahead.
DO $$
DECLARE
  first TIMESTAMP := date_trunc('day', now() AT TIME ZONE 'UTC');
  piece TIMESTAMP;
BEGIN
  FOR piece IN SELECT generate_series(first, first + interval '7 days', interval '1 day') LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF token_refresh_log_granted FOR VALUES FROM (%L) TO (%L)',
      'token_refresh_log_granted_' || to_char(piece, 'YYYYMMDD'), piece AT TIME ZONE 'UTC', (piece + interval '1 day') AT TIME ZONE 'UTC');
  END LOOP;
  FOR piece IN SELECT generate_series(date_trunc('week', first), first + interval '7 days', interval '7 days') LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF token_refresh_log_failed FOR VALUES FROM (%L) TO (%L)',
      'token_refresh_log_failed_' || to_char(piece, 'YYYYMMDD'), piece AT TIME ZONE 'UTC', (piece + interval '7 days') AT TIME ZONE 'UTC');
  END LOOP;
END $$;

WITH moved AS (
  DELETE FROM "token_refresh_log_beside" WHERE "id" > (SELECT max("id") - 20000 FROM "token_refresh_log_beside") RETURNING *
)
INSERT INTO "token_refresh_log" SELECT * FROM moved;

-- All of the log, for whoever reads it; those who write name the table.
CREATE VIEW "refresh_log" AS SELECT * FROM "token_refresh_log" UNION ALL SELECT * FROM "token_refresh_log_beside";

-- Whoever was let in stays so.
DO $$
DECLARE
  held RECORD;
BEGIN
  FOR held IN
    SELECT acl.privilege_type AS what, CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END AS who
    FROM pg_class t, aclexplode(t.relacl) acl WHERE t.oid = 'token_refresh_log_beside'::regclass AND acl.grantee <> t.relowner
  LOOP
    EXECUTE format('GRANT %s ON token_refresh_log TO %s', held.what, held.who);
    IF held.what = 'SELECT' THEN EXECUTE format('GRANT SELECT ON refresh_log TO %s', held.who); END IF;
  END LOOP;
END $$;

CREATE OR REPLACE VIEW "refresh_failures" AS
SELECT "provider", "outcome", "error_code", "message", count(*) AS "failures", max("created_at") AS "last_at"
FROM "refresh_log"
WHERE NOT "success" AND "created_at" > now() - interval '24 hours'
GROUP BY "provider", "outcome", "error_code", "message";

CREATE OR REPLACE VIEW "refresh_success_rate" AS
SELECT "provider", "trigger", count(*) AS "attempts", count(*) FILTER (WHERE "success") AS "successes",
       round(100.0 * count(*) FILTER (WHERE "success") / count(*), 2) AS "success_percent",
       percentile_disc(0.95) WITHIN GROUP (ORDER BY "duration_ms") AS "p95_duration_ms"
FROM "refresh_log"
WHERE "created_at" > now() - interval '24 hours'
GROUP BY "provider", "trigger";

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM token_refresh_log_beside) THEN
    CREATE OR REPLACE VIEW refresh_log AS SELECT * FROM token_refresh_log;
    DROP TABLE token_refresh_log_beside;
  END IF;
EXCEPTION WHEN dependent_objects_still_exist THEN
  RAISE NOTICE 'token_refresh_log_beside is empty and stays, since a view of yours reads it';
END $$;
