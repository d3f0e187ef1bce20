import { z } from 'zod'
import { UUID } from '#lib/kernel/uuid.ts'
import { isoTime, jsonObject, uuid } from '#lib/protocol/mutation.ts'

/** The body of a request or an answer. */
export const content = (type: string, schema: object): object => ({ content: { [type]: { schema } } })

/**
 * Checks that JSON Schema has no words for (control characters) are left out.
 * @param unknown whether fields that the schema does not name are let through
 */
export function schemaOf(
  schema: z.ZodType,
  io: 'input' | 'output',
  unknown: 'borne' | 'refused' = 'borne',
): object {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === uuid) Object.assign(jsonSchema, { format: 'uuid', pattern: UUID.source })
      if (zodSchema === isoTime) delete jsonSchema.pattern
      if (zodSchema === jsonObject) jsonSchema.type = 'object'
      // A reader of answers must bear fields that a later server adds.
      if (unknown === 'borne' && jsonSchema.additionalProperties === false)
        delete jsonSchema.additionalProperties
    },
  })
  return json
}
