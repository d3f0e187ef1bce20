-- Alerts (decision 0063). A rule stands here where a fleet has one of its own, or another than the one that is shipped.
CREATE TABLE "alert_rule" (
    "fleet_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "rule" JSON NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,
    "changed_by" JSON NOT NULL,

    CONSTRAINT "alert_rule_pkey" PRIMARY KEY ("fleet_id","name")
);

-- Where each rule stands that is not inactive, of a fleet all in one row: an evaluation reads and writes it whole. Two leaders
-- at once are told apart by the revision.
CREATE TABLE "alert_state" (
    "fleet_id" UUID NOT NULL,
    "revision" INTEGER NOT NULL,
    "evaluated_at" TIMESTAMPTZ(3) NOT NULL,
    "states" JSON NOT NULL,

    CONSTRAINT "alert_state_pkey" PRIMARY KEY ("fleet_id")
);

CREATE TABLE "incident" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "subject" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "resolved_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL,
    "incident" JSON NOT NULL,

    CONSTRAINT "incident_pkey" PRIMARY KEY ("fleet_id","id"),
    CONSTRAINT "incident_ends" CHECK (("state" = 'resolved') = ("resolved_at" IS NOT NULL))
);
CREATE UNIQUE INDEX "incident_fleet_id_number_key" ON "incident"("fleet_id", "number");
CREATE INDEX "incident_fleet_id_opened_at_id_idx" ON "incident"("fleet_id", "opened_at", "id");
CREATE INDEX "incident_fleet_id_resolved_at_idx" ON "incident"("fleet_id", "resolved_at");
-- Of one part of a fleet and family of rules one incident is open.
CREATE UNIQUE INDEX "incident_open" ON "incident"("fleet_id", "subject") WHERE "state" = 'open';

CREATE TABLE "incident_entry" (
    "fleet_id" UUID NOT NULL,
    "incident_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "entry" JSON NOT NULL,

    CONSTRAINT "incident_entry_pkey" PRIMARY KEY ("fleet_id","incident_id","id")
);
CREATE INDEX "incident_entry_fleet_id_incident_id_at_id_idx" ON "incident_entry"("fleet_id", "incident_id", "at", "id");

CREATE TABLE "silence" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    -- When it is over: its own end, or when somebody ended it.
    "over_at" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL,
    "silence" JSON NOT NULL,

    CONSTRAINT "silence_pkey" PRIMARY KEY ("fleet_id","id")
);
CREATE INDEX "silence_fleet_id_created_at_id_idx" ON "silence"("fleet_id", "created_at", "id");
CREATE INDEX "silence_fleet_id_over_at_idx" ON "silence"("fleet_id", "over_at");

-- The last round over all fleets: one row, so that every process can tell how old it is.
CREATE TABLE "alert_round" (
    "one" BOOLEAN NOT NULL DEFAULT true CHECK ("one"),
    "at" TIMESTAMPTZ(3) NOT NULL,
    "round" JSON NOT NULL,

    CONSTRAINT "alert_round_pkey" PRIMARY KEY ("one")
);

ALTER TABLE "alert_rule" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "alert_rule" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "alert_rule" TO tidemark_runtime;
ALTER TABLE "alert_state" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "alert_state" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "alert_state" TO tidemark_runtime;
ALTER TABLE "incident" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "incident" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "incident" TO tidemark_runtime;
ALTER TABLE "incident_entry" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "incident_entry" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, DELETE ON "incident_entry" TO tidemark_runtime;
ALTER TABLE "silence" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "silence" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "silence" TO tidemark_runtime;
GRANT SELECT, INSERT, UPDATE ON "alert_round" TO tidemark_runtime;
