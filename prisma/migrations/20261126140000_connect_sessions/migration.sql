-- Which browser has opened a link to the connect page: one link opens one session.
CREATE TABLE "connect_sessions" (
    "link_hash" TEXT NOT NULL,
    "browser_hash" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "connect_sessions_pkey" PRIMARY KEY ("link_hash")
);

-- CreateIndex
CREATE INDEX "connect_sessions_ends_at_idx" ON "connect_sessions"("ends_at");

-- That an app has ended a user's sessions: links and sessions that do not bear this mark are from before.
CREATE TABLE "connect_endings" (
    "user_id" TEXT NOT NULL,
    "mark" UUID NOT NULL,
    "ended_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "connect_endings_pkey" PRIMARY KEY ("user_id")
);
