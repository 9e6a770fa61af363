-- What operators and apps call a connection by. Each statement changes the catalogue alone, so none keeps a writer waiting.
ALTER TABLE "connections" ADD COLUMN "tags" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];
ALTER TABLE "oauth_states" ADD COLUMN "tags" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];
ALTER TABLE "webhook_endpoints" ADD COLUMN "tags" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];

-- The same the other way round: what connections are found by. A table of its own, since an index over the column would get an entry for
-- each tag at each refresh, which is no HOT update; the triggers fire only for statements that name the column, and a refresh does not.
CREATE TABLE "connection_tags" (
    "tag" TEXT COLLATE "C" NOT NULL,
    "connection_id" UUID NOT NULL,

    CONSTRAINT "connection_tags_pkey" PRIMARY KEY ("tag", "connection_id")
);
CREATE INDEX "connection_tags_connection_id_idx" ON "connection_tags"("connection_id");
ALTER TABLE "connection_tags" ADD CONSTRAINT "connection_tags_connection_id_fkey" FOREIGN KEY ("connection_id")
  REFERENCES "connections"("id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE FUNCTION "store_connection_tags"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM connection_tags WHERE connection_id = NEW.id AND tag <> ALL(NEW.tags);
  END IF;
  INSERT INTO connection_tags (tag, connection_id) SELECT tag, NEW.id FROM unnest(NEW.tags) AS tag ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER "connections_tags_rows" AFTER INSERT ON "connections" FOR EACH ROW WHEN (NEW."tags" <> '{}')
  EXECUTE FUNCTION "store_connection_tags"();
CREATE TRIGGER "connections_tags_update" AFTER UPDATE OF "tags" ON "connections" FOR EACH ROW WHEN (OLD."tags" <> NEW."tags")
  EXECUTE FUNCTION "store_connection_tags"();
