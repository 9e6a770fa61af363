-- The refresh log, added up by five minutes: what the dashboard shows of the last hour. Kept for two days.
CREATE TABLE "refresh_steps" (
    "step" TIMESTAMPTZ(3) NOT NULL,
    "provider" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "error_code" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,
    "last_connection_id" UUID NOT NULL,

    CONSTRAINT "refresh_steps_pkey" PRIMARY KEY ("step", "provider", "outcome", "error_code")
);
