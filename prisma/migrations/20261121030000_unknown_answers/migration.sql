-- CreateTable
CREATE TABLE "unknown_answers" (
    "connection_id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "registration" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "unknown_answers_pkey" PRIMARY KEY ("connection_id")
);

-- CreateIndex
CREATE INDEX "unknown_answers_provider_registration_at_idx" ON "unknown_answers"("provider", "registration", "at");

-- AddForeignKey
ALTER TABLE "unknown_answers" ADD CONSTRAINT "unknown_answers_connection_id_fkey" FOREIGN KEY ("connection_id") REFERENCES "connections"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AlterTable
ALTER TABLE "provider_states" ADD COLUMN "code" TEXT;
