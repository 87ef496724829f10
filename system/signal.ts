/**
 * Sends signals to processes that may have ended since they were looked at: that is no error anywhere, so it is said once.
 */

/** A negative `target` is a process group. False: it has ended (ESRCH), or is another user's (EPERM). */
export function signalProcess(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch {
    return false;
  }
}
