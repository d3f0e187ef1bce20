/** Why a change, a state or a document can't be taken in: typed failures, never throws. */
export type CrdtFailureCode =
  /** Not a JSON Pointer, or the root's. */
  | 'bad_pointer'
  | 'too_deep'
  /** A counter's total is no whole number from 0 to 2^53 - 1, or is under no device id. */
  | 'bad_total'
  /** Not `deviceId:n` with a whole n from 1 to 2^53 - 1. */
  | 'bad_dot'
  /** The dot stands for another value already. */
  | 'dot_reused'
  | 'bad_stamp'
  /** Not a Yjs update of plain text in base64, or more of it than one update may hold. */
  | 'bad_update'
  /** The text is in another root type of the Yjs document. */
  | 'other_root'
  /** A Yjs client number and clock that stand for other text already: two writers took one number. */
  | 'client_reused'
  /** Yjs is loaded on demand, and wasn't yet. */
  | 'text_not_loaded'
  /** The path holds a CRDT of another kind. */
  | 'kind_mismatch'
  /** A value or a CRDT that is no object stands above the path, or there are CRDTs under it. */
  | 'not_a_container'
  /** A path that the collection's strategies don't give to CRDTs. */
  | 'not_crdt'
  /** What the document holds there can't be read as a CRDT of the path's kind. */
  | 'wrong_type'
  /** A g-counter can't go down. */
  | 'decreases'
  /** More paths, elements or bytes than a record may hold. */
  | 'too_large'

/** `path` is the JSON Pointer of the CRDT. */
export interface CrdtFailure {
  readonly code: CrdtFailureCode
  readonly path: string
}
