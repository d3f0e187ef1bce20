-- The log of one action is read without a walk through all of it: by a person who asks for it, and by a check for adoptions.
CREATE INDEX "audit_action_at_id_idx" ON "audit"("action", "at", "id");
-- And what stands outside of the chain, without a walk through all that is in it: such rows are few, or none.
CREATE INDEX "audit_unchained_at_id_idx" ON "audit"("at", "id") WHERE "seq" IS NULL OR "seq" < 1;
