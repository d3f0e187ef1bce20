-- What is told to people of incidents (decision 0064). One notification may tell of incidents of many fleets, and a channel
-- may be of all of them: so these tables are global, as those of breakers are. In the transaction of a fleet, row-level
-- security shows and takes what is of that fleet or of none.
CREATE TABLE "notification_channel" (
    "id" UUID NOT NULL,
    "scope_fleet_id" UUID,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "settings" JSON NOT NULL,
    -- Never in the clear: whoever has this table has no password.
    "sealed" TEXT,
    "key_id" TEXT NOT NULL,
    "severities" JSON NOT NULL,
    "template" JSON NOT NULL,
    "enabled" BOOLEAN NOT NULL,
    "version" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "notification_channel_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "notification_channel_scope_fleet_id_idx" ON "notification_channel"("scope_fleet_id");

-- The outbox: put in by the transaction that changes an incident, taken out by whoever sends.
CREATE TABLE "notice" (
    "scope_fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "notice" JSON NOT NULL,

    CONSTRAINT "notice_pkey" PRIMARY KEY ("scope_fleet_id","id")
);
CREATE INDEX "notice_at_id_idx" ON "notice"("at", "id");

CREATE TABLE "notification" (
    "id" UUID NOT NULL,
    "channel_id" UUID NOT NULL,
    "rule" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,
    "seq" INTEGER NOT NULL,
    "told_seq" INTEGER NOT NULL,
    "items" INTEGER NOT NULL,
    "collecting" BOOLEAN NOT NULL,
    "due_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL,
    "lease_holder" TEXT,
    "lease_until" TIMESTAMPTZ(3),
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "notification_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "notification_due_at_idx" ON "notification"("due_at");
CREATE INDEX "notification_channel_id_collecting_idx" ON "notification"("channel_id", "collecting");
CREATE INDEX "notification_closed_at_idx" ON "notification"("closed_at");

CREATE TABLE "notification_item" (
    "channel_id" UUID NOT NULL,
    "incident_id" UUID NOT NULL,
    "notification_id" UUID NOT NULL,
    "scope_fleet_id" UUID NOT NULL,
    "state" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "ends_at" TIMESTAMPTZ(3),
    "notice" JSON NOT NULL,

    CONSTRAINT "notification_item_pkey" PRIMARY KEY ("channel_id","incident_id")
);
CREATE INDEX "notification_item_notification_id_idx" ON "notification_item"("notification_id");
CREATE INDEX "notification_item_incident_id_idx" ON "notification_item"("incident_id");
CREATE INDEX "notification_item_scope_fleet_id_idx" ON "notification_item"("scope_fleet_id");

CREATE TABLE "notification_delivery" (
    "id" UUID NOT NULL,
    "channel_id" UUID NOT NULL,
    "notification_id" UUID,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "seq" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "outcome" TEXT NOT NULL,
    "status" INTEGER,
    "detail" TEXT NOT NULL,
    "took_ms" INTEGER NOT NULL,
    "firing" INTEGER NOT NULL,
    "resolved" INTEGER NOT NULL,
    "rule" TEXT NOT NULL,
    "title" TEXT NOT NULL,

    CONSTRAINT "notification_delivery_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "notification_delivery_channel_id_at_id_idx" ON "notification_delivery"("channel_id", "at", "id");
CREATE INDEX "notification_delivery_at_idx" ON "notification_delivery"("at");

-- What is of a channel goes with it.
ALTER TABLE "notification" ADD CONSTRAINT "notification_channel_id_fkey" FOREIGN KEY ("channel_id") REFERENCES "notification_channel"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "notification_item" ADD CONSTRAINT "notification_item_notification_id_fkey" FOREIGN KEY ("notification_id") REFERENCES "notification"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "notification_delivery" ADD CONSTRAINT "notification_delivery_channel_id_fkey" FOREIGN KEY ("channel_id") REFERENCES "notification_channel"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "notification_channel" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_scope ON "notification_channel" USING (coalesce(scope_fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid), true));
ALTER TABLE "notice" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_scope ON "notice" USING (coalesce(scope_fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid), true));
ALTER TABLE "notification_item" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_scope ON "notification_item" USING (coalesce(scope_fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid), true));

GRANT SELECT, INSERT, UPDATE, DELETE ON "notification_channel" TO tidemark_runtime;
GRANT SELECT, INSERT, DELETE ON "notice" TO tidemark_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON "notification" TO tidemark_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON "notification_item" TO tidemark_runtime;
GRANT SELECT, INSERT, DELETE ON "notification_delivery" TO tidemark_runtime;
