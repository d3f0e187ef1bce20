-- When each field of a record was written: the tie rule of a field compares with that, not with the record's newest write.

-- AlterTable
ALTER TABLE "record" ADD COLUMN "stamps" TEXT;
