-- When somebody last showed who they are in a session, and from where it was begun. Nullable: a process of the release
-- before this one writes rows without them; `proved_at` then is the time when the session began.
ALTER TABLE "user_session" ADD COLUMN "proved_at" TIMESTAMPTZ(3),
  ADD COLUMN "how" TEXT,
  ADD COLUMN "address" TEXT,
  ADD COLUMN "user_agent" TEXT;

-- Who somebody is at a sign-in provider (OpenID Connect).
CREATE TABLE "user_identity" (
    "issuer" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "user_identity_pkey" PRIMARY KEY ("issuer","subject")
);
CREATE UNIQUE INDEX "user_identity_user_id_issuer_key" ON "user_identity"("user_id", "issuer");
ALTER TABLE "user_identity" ADD CONSTRAINT "user_identity_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Tries to sign in, counted over all processes, by account, address or browser.
CREATE TABLE "sign_in_try" (
    "key" TEXT NOT NULL,
    "tries" INTEGER NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sign_in_try_pkey" PRIMARY KEY ("key")
);
CREATE INDEX "sign_in_try_ends_at_idx" ON "sign_in_try"("ends_at");

GRANT SELECT, INSERT, UPDATE, DELETE ON "user_identity", "sign_in_try" TO tidemark_runtime;
