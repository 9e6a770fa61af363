-- CreateTable
CREATE TABLE "circuits" (
    "provider" TEXT NOT NULL,
    "registration" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "circuit_of" TEXT NOT NULL DEFAULT '',
    "open" BOOLEAN NOT NULL,
    "code" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "trouble_since" TIMESTAMPTZ(3) NOT NULL,
    "reopened" INTEGER NOT NULL DEFAULT 0,
    "from_many" BOOLEAN NOT NULL DEFAULT false,
    "next_probe_at" TIMESTAMPTZ(3) NOT NULL,
    "round_started_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),
    "believed_at" TIMESTAMPTZ(3),

    CONSTRAINT "circuits_pkey" PRIMARY KEY ("provider", "registration", "fingerprint", "circuit_of")
);

-- CreateTable
CREATE TABLE "faults" (
    "connection_id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "registration" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "circuit_of" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "known" BOOLEAN NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "before" TIMESTAMPTZ(3),

    CONSTRAINT "faults_pkey" PRIMARY KEY ("connection_id")
);

-- CreateIndex
CREATE INDEX "faults_provider_registration_at_idx" ON "faults"("provider", "registration", "at");

-- AddForeignKey
ALTER TABLE "faults" ADD CONSTRAINT "faults_connection_id_fkey" FOREIGN KEY ("connection_id") REFERENCES "connections"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Circuits that are open go on.
INSERT INTO "circuits" ("provider", "registration", "fingerprint", "open", "code", "reason", "opened_at", "trouble_since", "next_probe_at", "round_started_at")
SELECT "provider", "registration", "fingerprint", true, coalesce("code", 'invalid_client'), coalesce("reason", 'no reason given'),
  coalesce("opened_at", now()), coalesce("opened_at", now()), coalesce("next_probe_at", now()), now()
FROM "provider_states" WHERE "circuit_open";

-- DropTable: it remembered answers for ten minutes, and a process of the version before that misses it asks again.
DROP TABLE "unknown_answers";
