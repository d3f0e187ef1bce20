import { jsonType } from './json-type.ts'
import type { OtLibrary } from './ot-type.ts'
import { textType } from './text-type.ts'

/** Both kinds with their libraries; import it on demand where bytes count. */
export const otLibrary: OtLibrary = { text: textType, json: jsonType }
