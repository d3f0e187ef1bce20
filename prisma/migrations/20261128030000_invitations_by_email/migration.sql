-- Who comes by a sign-in provider is looked for by their e-mail.
CREATE INDEX "invitation_email_key_idx" ON "invitation"("email_key");
