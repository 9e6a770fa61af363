-- When each maintenance task ended last, so that every scheduler sees when one of them has not run.
CREATE TABLE "task_runs" (
    "task" TEXT NOT NULL,
    "ended_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "task_runs_pkey" PRIMARY KEY ("task")
);
