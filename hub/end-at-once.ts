/**
 * The end of a process with a thread that must not be terminated, which `process.exit` does to all: then Node would abort
 * (docs/decisions/werift.md), with a core dump and a stack trace that say nothing. What is to be saved has been.
 */

/** Returns if there is no such thread. */
export function endAtOnce(mustLive: boolean): void {
  if (mustLive) process.kill(process.pid, 'SIGKILL');
}
