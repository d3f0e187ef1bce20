-- Who was removed is said, no longer guessed from being disabled without a role: somebody who is only disabled comes back.
ALTER TABLE "app_user" ADD COLUMN     "removed_at" TIMESTAMPTZ(3);
