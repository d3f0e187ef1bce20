// Apart from the keys of the list, so that pages have these words without a schema library.

/** What `assigned` is where nobody is named. */
export const NOBODY = 'nobody'
/** What `field` is of a conflict over a whole record, and of one in which no field was changed by both sides. */
export const WHOLE_RECORD = 'record'
export const NO_FIELD = 'none'
/** What `version` and `against` are where the app version isn’t known. */
export const UNKNOWN_VERSION = 'unknown'
