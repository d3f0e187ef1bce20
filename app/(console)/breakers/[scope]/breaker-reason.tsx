import { ReasonField } from '#components/ui/field.tsx'

const LENGTH_MIN = 10
const LENGTH_MAX = 1_000

/** Of whatever people do to a breaker: the next shift reads it while it holds (BR4). */
export const BreakerReason = () => (
  <ReasonField minLength={LENGTH_MIN} maxLength={LENGTH_MAX} hint={`at least ${LENGTH_MIN} characters`} />
)
