-- What a key may do, encrypted with its hash: a row that was not written by a holder of the key ring permits nothing.
ALTER TABLE "api_keys" ADD COLUMN "rights" TEXT;
