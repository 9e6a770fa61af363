-- What somebody has asked for of many connections at once, and what became of each: whoever runs it goes on where another one was cut short.
CREATE TABLE "bulk_actions" (
    "id" UUID NOT NULL,
    "sealed" TEXT NOT NULL,
    "total" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "bulk_actions_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "bulk_items" (
    "bulk_id" UUID NOT NULL,
    "connection_id" UUID NOT NULL,
    "outcome" TEXT,
    "why" TEXT,

    CONSTRAINT "bulk_items_pkey" PRIMARY KEY ("bulk_id", "connection_id")
);
ALTER TABLE "bulk_items" ADD CONSTRAINT "bulk_items_bulk_id_fkey" FOREIGN KEY ("bulk_id") REFERENCES "bulk_actions"("id") ON DELETE CASCADE ON UPDATE CASCADE;
