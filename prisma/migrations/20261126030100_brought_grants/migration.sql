-- CreateTable
CREATE TABLE "brought_grants" (
    "grant_hash" TEXT NOT NULL,
    "connection_id" UUID NOT NULL,

    CONSTRAINT "brought_grants_pkey" PRIMARY KEY ("grant_hash")
);

-- CreateIndex
CREATE INDEX "brought_grants_connection_id_idx" ON "brought_grants"("connection_id");

-- AddForeignKey
ALTER TABLE "brought_grants" ADD CONSTRAINT "brought_grants_connection_id_fkey" FOREIGN KEY ("connection_id") REFERENCES "connections"("id") ON DELETE CASCADE ON UPDATE CASCADE;
