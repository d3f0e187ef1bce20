-- No process of ours writes an entry without a time, or with a number below one. Rows that are there already are not looked at
-- here (no long lock, and no start that fails): `audit verify` tells of them, and of those who took these checks away.
ALTER TABLE "audit"
    ADD CONSTRAINT "audit_at_finite" CHECK (isfinite("at")) NOT VALID,
    ADD CONSTRAINT "audit_seq_counts" CHECK ("seq" >= 1) NOT VALID;
