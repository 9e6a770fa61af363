-- AlterTable
ALTER TABLE "provider_states" ADD COLUMN "granted_fingerprint" TEXT;
