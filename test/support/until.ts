/** Waits for something that another thread or process brings about. The test's own timeout ends it. */

/** Resolves with the first value of `look` that is neither false nor undefined; looks at each turn of the loop. */
export async function until<T>(look: () => T | undefined | false): Promise<T> {
  for (;;) {
    const value = look();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
