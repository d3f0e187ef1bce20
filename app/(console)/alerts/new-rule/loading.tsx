import { LoadingList } from '../../loading-list.tsx'

export default function NewRuleLoading() {
  return <LoadingList name="Alert rules" />
}
