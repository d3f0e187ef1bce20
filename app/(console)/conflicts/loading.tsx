import { LoadingList } from '../loading-list.tsx'

export default function ConflictsLoading() {
  return <LoadingList name="Conflicts" />
}
