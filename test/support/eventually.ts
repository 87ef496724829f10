/** Like until.ts, for what has to be asked for: a value that Lua holds, the state of a child process. */

/** Resolves with the first value that `look` resolves to which is neither false nor undefined. */
export async function eventually<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
