-- CreateTable
CREATE TABLE "installation" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "identity" UUID NOT NULL,
    "system_identifier" TEXT,
    "timeline" INTEGER,
    "database_oid" BIGINT NOT NULL,
    "beat_at" TIMESTAMPTZ(3) NOT NULL,
    "held_why" TEXT,
    "held_at" TIMESTAMPTZ(3),
    "told_why" TEXT,
    "released_at" TIMESTAMPTZ(3),
    "adopted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "installation_pkey" PRIMARY KEY ("id")
);

-- AlterTable
ALTER TABLE "connections" ADD COLUMN "newer_generation" INTEGER;
