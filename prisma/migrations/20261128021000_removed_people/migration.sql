-- Who was removed is said, no longer guessed from being disabled without a role: somebody who is only disabled comes back.
ALTER TABLE "app_user" ADD COLUMN     "removed_at" TIMESTAMPTZ(3);

-- Until now removal left nothing but this; when it was is not known any more.
UPDATE "app_user" u SET "removed_at" = now()
  WHERE u.disabled AND u.password_hash IS NULL AND NOT EXISTS (SELECT FROM "user_role" r WHERE r.user_id = u.id);
