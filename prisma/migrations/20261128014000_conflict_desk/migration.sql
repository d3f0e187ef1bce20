-- What the conflict desk finds and groups conflicts by, and what people say of one.

-- AlterTable
ALTER TABLE "conflict" ADD COLUMN "device_name" TEXT NOT NULL DEFAULT '',
ADD COLUMN "app_version" TEXT NOT NULL DEFAULT '',
ADD COLUMN "remote_version" BIGINT,
ADD COLUMN "remote_app_version" TEXT,
ADD COLUMN "places" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN "assigned" TEXT,
ADD COLUMN "note" TEXT NOT NULL DEFAULT '',
ADD COLUMN "desk_version" INTEGER NOT NULL DEFAULT 0;
