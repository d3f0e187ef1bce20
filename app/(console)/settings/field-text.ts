/** A field of a form as it was typed, without blanks around it; '' where there is none. Pure. */
export function fieldText(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() : ''
}
