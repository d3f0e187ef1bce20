const texts = new WeakMap<object, string>()

/**
 * An object's JSON text, made once however often it is asked for: a record stands in many answers and rows. Only for
 * objects that nobody changes.
 */
export function sharedText(value: object): string {
  const known = texts.get(value)
  if (known !== undefined) return known
  const text = JSON.stringify(value)
  texts.set(value, text)
  return text
}
