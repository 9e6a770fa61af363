-- AlterTable
ALTER TABLE "connections" ADD COLUMN "check_generation" INTEGER;
