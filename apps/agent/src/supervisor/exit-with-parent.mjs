// Preloaded into every child of `weft up`: when the supervisor is gone, however it went, so is the child.
if (process.channel) {
  process.on('disconnect', () => {
    // The command's own handler gets the chance to close in order; this is for those that have none.
    setTimeout(() => process.exit(1), 3_000).unref();
    process.kill(process.pid, 'SIGTERM');
  });
  process.channel.unref();
}
