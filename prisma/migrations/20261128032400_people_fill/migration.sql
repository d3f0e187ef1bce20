-- Apart from the files that add the columns, whose lock is on the whole table.
UPDATE "app_user" u SET "last_seen_at" = (SELECT max(s.last_seen_at) FROM "user_session" s WHERE s.user_id = u.id);

-- Until now removal left nothing but this; when it was is not known any more.
UPDATE "app_user" u SET "removed_at" = now()
  WHERE u.disabled AND u.password_hash IS NULL AND NOT EXISTS (SELECT FROM "user_role" r WHERE r.user_id = u.id);
