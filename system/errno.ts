/** What a system call threw: its name, and the usual question. */

/** `ENOENT` and the like; undefined for what no system call threw. */
export function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('errno' in thrown) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** Awaits `job`; undefined if what it asked for is not there. */
export async function unlessMissing<T>(job: Promise<T>): Promise<T | undefined> {
  try {
    return await job;
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw thrown;
  }
}
