import { carryShared } from '#components/ui/search-params.ts'

export const RULES_PATH = '/alerts/rules'
/** Not below them: a rule may be called `new`. */
export const NEW_RULE_PATH = '/alerts/new-rule'

/** One rule in the same fleet. Pure. */
export const ruleHref = (query: string, name: string): string => carryShared(`${RULES_PATH}/${name}`, query)

/** The operator API's address of a fleet's rules, of one by its name, or of what one would have done. Pure. */
export const rulesUrl = (fleetId: string, below = ''): string =>
  `/api/admin/v1/alerts/rules${below}?fleet=${encodeURIComponent(fleetId)}`
