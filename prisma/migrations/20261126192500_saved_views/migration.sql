-- Addresses of Sessions and Devices that people keep under a name, for themselves or for the whole fleet.

-- CreateTable
CREATE TABLE "saved_view" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "page" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "params" JSON NOT NULL,
    "shared" BOOLEAN NOT NULL,
    "owner_id" TEXT NOT NULL,
    "owner_name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "saved_view_pkey" PRIMARY KEY ("fleet_id","id")
);

-- CreateIndex
CREATE UNIQUE INDEX "saved_view_fleet_id_page_owner_id_name_key" ON "saved_view"("fleet_id", "page", "owner_id", "name");

ALTER TABLE "saved_view" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "saved_view" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "saved_view" TO tidemark_runtime;
