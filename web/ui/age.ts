/** How long ago, in few letters; and a clock for all that shows it. */
import { useEffect, useState } from 'preact/hooks';

const TICK_MS = 10_000;
const steps = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** `now`, `4m`, `3h`, `12d`. */
export function age(ms: number): string {
  for (const [unit, length_ms] of steps) if (ms >= length_ms) return `${Math.floor(ms / length_ms)}${unit}`;
  return 'now';
}

/** For those who listen: `4 minutes ago`. */
export function spokenAge(ms: number): string {
  const text = age(ms);
  if (text === 'now') return 'just now';
  const count = Number.parseInt(text, 10);
  const word = { m: 'minute', h: 'hour', d: 'day' }[text.at(-1) ?? ''] ?? '';
  return `${count} ${word}${count === 1 ? '' : 's'} ago`;
}

/** Date.now(), every ten seconds. */
export function useNow(): number {
  const [now_ms, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now_ms;
}
