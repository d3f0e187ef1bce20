-- Who is invited, when a person was last seen, and when and from where an operator key was last used.

-- An invitation may be to several fleets or to all, and the invited has no account yet: so this table is global, as users are.
CREATE TABLE "invitation" (
    "id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "email_key" TEXT NOT NULL,
    "roles" JSON NOT NULL,
    "hash" TEXT NOT NULL,
    "invited_by" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "accepted_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "invitation_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "invitation_hash_key" ON "invitation"("hash");
CREATE INDEX "invitation_created_at_id_idx" ON "invitation"("created_at", "id");
GRANT SELECT, INSERT, UPDATE, DELETE ON "invitation" TO tidemark_runtime;

-- AlterTable
ALTER TABLE "app_user" ADD COLUMN     "last_seen_at" TIMESTAMPTZ(3);
UPDATE "app_user" u SET "last_seen_at" = (SELECT max(s.last_seen_at) FROM "user_session" s WHERE s.user_id = u.id);

-- AlterTable
ALTER TABLE "api_key" ADD COLUMN     "last_used_address" TEXT,
ADD COLUMN     "last_used_at" TIMESTAMPTZ(3);

-- Devices of which a token was shown that had ended: a copy of it is somewhere. One row for each device.
CREATE TABLE "dead_token_use" (
    "fleet_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "first_at" TIMESTAMPTZ(3) NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,
    "uses" INTEGER NOT NULL,

    CONSTRAINT "dead_token_use_pkey" PRIMARY KEY ("fleet_id","device_id")
);
CREATE INDEX "dead_token_use_fleet_id_last_at_idx" ON "dead_token_use"("fleet_id", "last_at");

ALTER TABLE "dead_token_use" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "dead_token_use" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "dead_token_use" TO tidemark_runtime;
