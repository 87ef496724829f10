/** How a browser is called unless its user says otherwise: `iPhone`, `Chrome on Linux`. Pure. */
const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/Chrome\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];

const machines: readonly (readonly [RegExp, string])[] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android.*Mobile/, 'Android phone'],
  [/Android/, 'Android tablet'],
  [/CrOS/, 'Chromebook'],
  [/Mac OS X|Macintosh/, 'Mac'],
  [/Windows/, 'Windows'],
  [/Linux/, 'Linux'],
];

/** An iPad says that it is a Mac, and has fingers. */
export function deviceName(userAgent: string, touchPoints: number): string {
  const named = machines.find(([sign]) => sign.test(userAgent))?.[1] ?? 'device';
  const machine = named === 'Mac' && touchPoints > 1 ? 'iPad' : named;
  const browser = browsers.find(([sign]) => sign.test(userAgent))?.[1];
  if (/iP|Android/.test(machine)) return machine;
  return browser === undefined ? machine : `${browser} on ${machine}`;
}
