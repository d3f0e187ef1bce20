-- What each push writes is text: a column of type json has PostgreSQL parse every document once more to check it.

-- AlterTable
ALTER TABLE "record" ALTER COLUMN "data" TYPE TEXT, ALTER COLUMN "version_vector" TYPE TEXT;
ALTER TABLE "record_base" ALTER COLUMN "data" TYPE TEXT;
ALTER TABLE "change_log" ALTER COLUMN "mutation" TYPE TEXT;
