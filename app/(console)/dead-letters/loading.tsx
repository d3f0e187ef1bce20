import { LoadingList } from '../loading-list.tsx'

export default function DeadLettersLoading() {
  return <LoadingList name="Dead letters" />
}
