import { LoadingList } from '../loading-list.tsx'

export default function SessionsLoading() {
  return <LoadingList name="Sessions" />
}
