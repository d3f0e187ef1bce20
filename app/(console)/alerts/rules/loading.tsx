import { LoadingList } from '../../loading-list.tsx'

export default function RulesLoading() {
  return <LoadingList name="Alert rules" />
}
