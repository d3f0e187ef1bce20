-- Each dead letter keeps the fingerprint that it was written with (decision 0059). Those that are here get theirs once, as
-- version 1 of lib/protocol/letter-fingerprint.ts makes it; a test holds both to each other.
ALTER TABLE "dead_letter" ADD COLUMN     "fingerprint" UUID,
ADD COLUMN     "fingerprint_version" INTEGER,
ADD COLUMN     "place" TEXT,
ADD COLUMN     "said" TEXT;

-- A text that holds what PostgreSQL's text doesn't take, a NUL or half a surrogate pair, is kept as JSON writes it.
CREATE FUNCTION pg_temp.text_of(value json) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN value #>> '{}';
EXCEPTION WHEN OTHERS THEN
  RETURN btrim(value::text, '"');
END $$;

CREATE FUNCTION pg_temp.version_of(mutation json) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN mutation ->> 'schemaVersion';
EXCEPTION WHEN OTHERS THEN
  RETURN (regexp_match(mutation::text, '"schemaVersion":([0-9]+)'))[1];
END $$;

CREATE FUNCTION pg_temp.place_of(code text, path text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  pattern CONSTANT text := '/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+(Z|[+-][0-9]{2}:?[0-9]{2})?)?|[0-9a-f]{16,}|[0-9]+)(?=/|$)';
BEGIN
  IF path IS NULL OR path = '' THEN RETURN NULL; END IF;
  IF code = 'rule_violation' THEN RETURN left(path, 1000); END IF;
  RETURN left(regexp_replace(path, pattern, '/*', 'gi'), 1000);
END $$;

CREATE FUNCTION pg_temp.said_of(code text, detail text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  looked CONSTANT text := left(detail, 2000);
  line text;
BEGIN
  IF code = 'authority_refused' THEN
    line := (regexp_match(looked, E'\n[ \t]*(at [^\n]+|File [^\n]+)'))[1];
  END IF;
  line := coalesce(line, split_part(looked, E'\n', 1));
  RETURN left(regexp_replace(line, '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+(Z|[+-][0-9]{2}:?[0-9]{2})?)?|-?([0-9a-f]{16,}|[0-9]+)([.,][0-9]+)*(e[+-]?[0-9]+)?', '#', 'gi'), 200);
END $$;

UPDATE "dead_letter" SET "fingerprint_version" = 1,
  "place" = replace(pg_temp.place_of("code", pg_temp.text_of("path")), '\', '\u005c'),
  "said" = replace(pg_temp.said_of("code", pg_temp.text_of("detail")), '\', '\u005c');

UPDATE "dead_letter" SET "fingerprint" = (
  SELECT overlay(overlay(encode(substr(sha256(convert_to(concat_ws(chr(31), '1', "code", replace("collection", '\u005c', '\'),
    pg_temp.version_of("mutation"), coalesce(replace("place", '\u005c', '\'), ''),
    CASE WHEN "place" IS NULL AND "code" IN ('schema_mismatch', 'authority_refused', 'underivable', 'exhausted')
      THEN replace("said", '\u005c', '\') ELSE '' END), 'UTF8')), 1, 16), 'hex') PLACING '8' FROM 13) PLACING '8' FROM 17)::uuid);

DROP FUNCTION pg_temp.text_of, pg_temp.version_of, pg_temp.place_of, pg_temp.said_of;

ALTER TABLE "dead_letter" ALTER COLUMN "fingerprint" SET NOT NULL,
ALTER COLUMN "fingerprint_version" SET NOT NULL,
ALTER COLUMN "said" SET NOT NULL;
