-- Which version of Evertoken a process is of.
ALTER TABLE "processes" ADD COLUMN "version" TEXT;
