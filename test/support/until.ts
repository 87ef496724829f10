/**
 * Waits for something that another thread or process brings about. The test's own timeout ends it.
 *
 * It looks at each turn of the loop at first, for what is only a few turns away, and then some hundred times a second:
 * who waits at full speed takes the processor from those it waits for.
 */

const EAGER_LOOKS = 20;
const PAUSE_MS = 5;

/**
 * When something that should have been there long ago is given up, on a machine that has much else to do. Below the time
 * a test may take: who waits in vain must say what for.
 */
export const LATE_MS = 40_000;

/** Resolves with the first value of `look`, or of what its promise resolves to, that is neither false nor undefined. */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  for (let looks = 0; ; looks++) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) =>
      looks < EAGER_LOOKS ? setImmediate(resolve) : setTimeout(resolve, PAUSE_MS),
    );
  }
}
