import { PrismaPg } from "@prisma/adapter-pg";
import type { Pool } from "pg";
import { PrismaClient } from "../generated/client.ts";

export type { PrismaClient };

/** Prisma on a pool that the caller owns, so that prepared `pg` statements and Prisma share the same connections. */
export function createPrismaClient(pool: Pool): PrismaClient {
  return new PrismaClient({ adapter: new PrismaPg(pool) });
}
