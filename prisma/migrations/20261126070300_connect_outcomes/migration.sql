-- With which answer a state was used up, as a hash, and what came of it: the same answer once more is told the same.
ALTER TABLE "oauth_states" ADD COLUMN "answer_hash" TEXT, ADD COLUMN "outcome" JSONB;
