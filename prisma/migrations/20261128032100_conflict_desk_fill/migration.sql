-- Apart from the file that adds the columns: its lock on the whole table would be held for as long as this takes.
-- Of older rows: which version a change met was not kept, so whose it was stays unknown.
UPDATE "conflict" x SET
  -- A name with a NUL or half a character in it is no text here; such a conflict is found as one over the record.
  "places" = CASE WHEN json_array_length(x."fields") = 0 THEN ARRAY['none']
    WHEN x."fields"::text ~ '\\u(0000|d[89a-f])' THEN ARRAY['record']
    ELSE ARRAY(SELECT CASE WHEN f = '' THEN 'record' ELSE f END FROM json_array_elements_text(x."fields") f) END,
  "device_name" = coalesce((SELECT d."name" FROM "device" d WHERE d."fleet_id" = x."fleet_id" AND d."id" = x."device_id"), ''),
  "app_version" = coalesce((SELECT l."app_version" FROM "change_log" l
    WHERE l."fleet_id" = x."fleet_id" AND l."mutation_id" = x."mutation_id"), '');
