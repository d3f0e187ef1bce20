/** Where a sign-in in another tab ends: whatever waits for it goes on in the first one. */
export default function SignedInPage() {
  return (
    <>
      <h1>You are signed in</h1>
      <p className="sub">Close this tab and go on where you were.</p>
    </>
  )
}
