-- One chain over the audit log (decision 0065): each entry has the next number, and a mac over the mac before it and all that
-- it says. The key is the process's. What is here already stays as it is, outside of the chain, until it is adopted.
ALTER TABLE "audit" ADD COLUMN "seq" BIGINT, ADD COLUMN "mac" TEXT;
CREATE UNIQUE INDEX "audit_seq_key" ON "audit"("seq");

CREATE TABLE "audit_head" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "seq" BIGINT NOT NULL,
    "mac" TEXT NOT NULL,

    CONSTRAINT "audit_head_pkey" PRIMARY KEY ("id")
);
ALTER TABLE "audit_head" ADD CONSTRAINT "audit_head_one" CHECK ("id" = 1);
INSERT INTO "audit_head" ("seq", "mac") VALUES (0, '');

-- The log is written and read; nothing of it is changed or taken away, and its head is moved.
REVOKE ALL ON "audit" FROM tidemark_runtime;
GRANT SELECT, INSERT ON "audit" TO tidemark_runtime;
GRANT SELECT, UPDATE ON "audit_head" TO tidemark_runtime;
