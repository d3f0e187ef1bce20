-- A fleet's row goes at once, what it held in batches afterwards: its id is kept here until nothing is left.
CREATE TABLE "removed_fleet" (
    "id" UUID NOT NULL,
    "removed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "removed_fleet_pkey" PRIMARY KEY ("id")
);

GRANT SELECT, INSERT, DELETE ON "removed_fleet" TO tidemark_runtime;
GRANT DELETE ON "fleet" TO tidemark_runtime;
