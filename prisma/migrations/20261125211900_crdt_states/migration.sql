-- CRDT states by JSON Pointer, beside the document that they read as; NULL where there are none (engine.md, CS4).
ALTER TABLE "record" ADD COLUMN "crdt" JSON;
ALTER TABLE "record_base" ADD COLUMN "crdt" JSON;
