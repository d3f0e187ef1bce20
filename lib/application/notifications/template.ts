/** What a template may name, between `{{` and `}}`. */
export const TEMPLATE_NAMES = [
  'title',
  'body',
  'state',
  'severity',
  'rule',
  'fleet',
  'detail',
  'open',
  'resolved',
  'link',
  'runbook',
] as const
export type TemplateValues = Readonly<Record<(typeof TEMPLATE_NAMES)[number], string>>

const PLACE = /\{\{\s*([^{}\s]*)\s*\}\}/g

/** The names in a template that nothing stands for. */
export const unknownNames = (template: string): readonly string[] =>
  [...template.matchAll(PLACE)]
    .map(([, name = '']) => name)
    .filter((name) => !TEMPLATE_NAMES.some((known) => known === name))

/** Puts values in their places, once: what a value holds is text. Pure. */
export const fillTemplate = (template: string, values: TemplateValues): string =>
  template.replaceAll(PLACE, (place, name: string) =>
    Object.hasOwn(values, name) ? values[name as keyof TemplateValues] : place,
  )
