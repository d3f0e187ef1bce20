// Preloaded into the launcher's children: when the launcher is gone, however it went, stop as on SIGTERM.
if (process.channel) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}
