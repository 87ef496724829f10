/** Like until.ts, for what other threads and the network do: it looks a hundred times a second and leaves them the processor. */

/** Resolves with the first value of `look` that is neither false nor undefined. */
export async function patiently<T>(look: () => T | undefined | false): Promise<T> {
  for (;;) {
    const value = look();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
