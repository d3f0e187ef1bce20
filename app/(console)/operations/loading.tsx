import { LoadingList } from '../loading-list.tsx'

export default function OperationsLoading() {
  return <LoadingList name="Operations" />
}
