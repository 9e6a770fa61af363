-- CreateTable
CREATE TABLE "revocations" (
    "id" UUID NOT NULL,
    "connection_id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "registration" TEXT NOT NULL,
    "scopes" TEXT[],
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "access_token" TEXT,
    "refresh_token" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 1,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "revocations_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "revocations_connection_id_idx" ON "revocations"("connection_id");
