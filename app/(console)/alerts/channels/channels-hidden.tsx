import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { Verdict } from '#components/ui/verdict.tsx'

/** Instead of channels, for who may not see where incidents are told. */
export const ChannelsHidden = ({ role }: { role: string }) => (
  <>
    <Verdict sentence="Where incidents are told is for operators to see" />
    <ForbiddenState title="You can see incidents, not where they are told" role={role} needs="operator" />
  </>
)
