-- How often a connection was denied with grants to others in between, and since when: what it is believed by.
ALTER TABLE "faults" ADD COLUMN "times" INTEGER NOT NULL DEFAULT 1,
  ADD COLUMN "first_at" TIMESTAMPTZ(3),
  DROP COLUMN "before";

-- Near a wave of denials none is believed at once.
ALTER TABLE "circuits" ADD COLUMN "doubted_at" TIMESTAMPTZ(3);
