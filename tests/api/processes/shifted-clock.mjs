// Preloaded into a server process: its clock is as far from the machine's as its parent says.
const RealDate = Date
let aheadMs = 0
const now = () => RealDate.now() + aheadMs
globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(now())
    else super(...parts)
  }
  static now() {
    return now()
  }
}
process.on('message', (message) => {
  if (message?.kind === 'clock') aheadMs = message.aheadMs
})
