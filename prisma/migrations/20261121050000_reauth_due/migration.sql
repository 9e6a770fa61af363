-- AlterTable
ALTER TABLE "connections" ADD COLUMN "grant_ends_at" TIMESTAMPTZ(3), ADD COLUMN "reauth_announced_at" TIMESTAMPTZ(3);

-- Prisma cannot express it: most grants have no end of their own, and few of those that do end within two weeks.
CREATE INDEX "connections_grant_ends_idx" ON "connections"("grant_ends_at") WHERE "grant_ends_at" IS NOT NULL;
