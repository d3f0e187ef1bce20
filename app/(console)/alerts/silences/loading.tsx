import { LoadingList } from '../../loading-list.tsx'

export default function SilencesLoading() {
  return <LoadingList name="Silences" />
}
