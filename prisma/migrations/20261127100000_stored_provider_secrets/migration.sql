-- The values of headers and parameters of a stored provider, encrypted: they may be secrets, such as an API key.
ALTER TABLE "stored_providers" ADD COLUMN "secrets" TEXT;
