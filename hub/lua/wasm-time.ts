/**
 * The calendar calls that Lua's `os.time` and `os.date` make, in the host's time zone and the C locale.
 *
 * Source: ISO C `struct tm`, `mktime`, `strftime` (7.29); emscripten's ABI for the argument shapes.
 */

/** The memory that `struct tm`s and format strings are in. Views are replaced when it grows. */
export interface TimeMemory {
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly buffer: Buffer;
}

/** Byte offsets in `struct tm`. */
const TM = { sec: 0, min: 4, hour: 8, mday: 12, mon: 16, year: 20, wday: 24, yday: 28, isdst: 32 } as const;
const DAY_MS = 86_400_000;
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  ['January', 'February', 'March', 'April', 'May', 'June'],
  ['July', 'August', 'September', 'October', 'November', 'December'],
].flat();

interface Tm {
  sec: number;
  min: number;
  hour: number;
  mday: number;
  mon: number;
  year: number;
  wday: number;
  yday: number;
  isdst: number;
}

const pad = (value: number, width: number, fill = '0'): string => String(value).padStart(width, fill);

/** Days since January 1st, on the calendar rather than the clock (daylight saving moves the clock). */
function dayOfYear(year: number, month: number, day: number): number {
  return Math.round((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / DAY_MS);
}

function isDaylightSaving(date: Date): boolean {
  const january = new Date(date.getFullYear(), 0, 1).getTimezoneOffset();
  const july = new Date(date.getFullYear(), 6, 1).getTimezoneOffset();
  return january !== july && date.getTimezoneOffset() === Math.min(january, july);
}

function localTm(date: Date): Tm {
  return {
    sec: date.getSeconds(),
    min: date.getMinutes(),
    hour: date.getHours(),
    mday: date.getDate(),
    mon: date.getMonth(),
    year: date.getFullYear() - 1900,
    wday: date.getDay(),
    yday: dayOfYear(date.getFullYear(), date.getMonth(), date.getDate()),
    isdst: isDaylightSaving(date) ? 1 : 0,
  };
}

function utcTm(date: Date): Tm {
  return {
    sec: date.getUTCSeconds(),
    min: date.getUTCMinutes(),
    hour: date.getUTCHours(),
    mday: date.getUTCDate(),
    mon: date.getUTCMonth(),
    year: date.getUTCFullYear() - 1900,
    wday: date.getUTCDay(),
    yday: dayOfYear(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()),
    isdst: 0,
  };
}

/** The ISO 8601 week of a day: its number and the year it belongs to. */
function isoWeek(tm: Tm): { week: number; year: number } {
  const date = new Date(Date.UTC(tm.year + 1900, tm.mon, tm.mday));
  date.setUTCDate(date.getUTCDate() + 4 - (date.getUTCDay() || 7));
  const year = date.getUTCFullYear();
  return { week: Math.ceil(((date.getTime() - Date.UTC(year, 0, 1)) / DAY_MS + 1) / 7), year };
}

function zone(tm: Tm): { offset: string; name: string } {
  const date = new Date(tm.year + 1900, tm.mon, tm.mday, tm.hour, tm.min, tm.sec);
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  const offset = `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60), 2)}${pad(size % 60, 2)}`;
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  return { offset, name: parts.find((part) => part.type === 'timeZoneName')?.value ?? 'UTC' };
}

/** One conversion of strftime, C locale. Lua checks the letters before it calls. */
function conversion(letter: string, tm: Tm): string {
  const year = tm.year + 1900;
  const hour12 = tm.hour % 12 || 12;
  switch (letter) {
    case 'a':
      return (DAYS[tm.wday] ?? '?').slice(0, 3);
    case 'A':
      return DAYS[tm.wday] ?? '?';
    case 'b':
    case 'h':
      return (MONTHS[tm.mon] ?? '?').slice(0, 3);
    case 'B':
      return MONTHS[tm.mon] ?? '?';
    case 'c':
      return format('%a %b %e %H:%M:%S %Y', tm);
    case 'C':
      return pad(Math.floor(year / 100), 2);
    case 'd':
      return pad(tm.mday, 2);
    case 'D':
    case 'x':
      return format('%m/%d/%y', tm);
    case 'e':
      return pad(tm.mday, 2, ' ');
    case 'F':
      return format('%Y-%m-%d', tm);
    case 'g':
      return pad(isoWeek(tm).year % 100, 2);
    case 'G':
      return String(isoWeek(tm).year);
    case 'H':
      return pad(tm.hour, 2);
    case 'I':
      return pad(hour12, 2);
    case 'j':
      return pad(tm.yday + 1, 3);
    case 'm':
      return pad(tm.mon + 1, 2);
    case 'M':
      return pad(tm.min, 2);
    case 'n':
      return '\n';
    case 'p':
      return tm.hour < 12 ? 'AM' : 'PM';
    case 'r':
      return format('%I:%M:%S %p', tm);
    case 'R':
      return format('%H:%M', tm);
    case 's':
      return String(Math.floor(new Date(year, tm.mon, tm.mday, tm.hour, tm.min, tm.sec).getTime() / 1000));
    case 'S':
      return pad(tm.sec, 2);
    case 't':
      return '\t';
    case 'T':
    case 'X':
      return format('%H:%M:%S', tm);
    case 'u':
      return String(tm.wday || 7);
    case 'U':
      return pad(Math.floor((tm.yday + 7 - tm.wday) / 7), 2);
    case 'V':
      return pad(isoWeek(tm).week, 2);
    case 'w':
      return String(tm.wday);
    case 'W':
      return pad(Math.floor((tm.yday + 7 - ((tm.wday + 6) % 7)) / 7), 2);
    case 'y':
      return pad(((year % 100) + 100) % 100, 2);
    case 'Y':
      return String(year);
    case 'z':
      return zone(tm).offset;
    case 'Z':
      return zone(tm).name;
    default:
      return '%';
  }
}

function format(pattern: string, tm: Tm): string {
  return pattern.replace(/%[EO]?(.)/gs, (_, letter: string) => conversion(letter, tm));
}

/** The imports, for one instance. */
export function timeImports(vm: TimeMemory): Record<string, unknown> {
  const write = (at: number, tm: Tm): void => {
    for (const field of Object.keys(TM) as (keyof Tm)[]) vm.i32[(at + TM[field]) >> 2] = tm[field];
  };
  const read = (at: number): Tm => {
    const field = (name: keyof Tm): number => vm.i32[(at + TM[name]) >> 2] ?? 0;
    const names = Object.keys(TM) as (keyof Tm)[];
    return Object.fromEntries(names.map((name) => [name, field(name)])) as unknown as Tm;
  };
  return {
    emscripten_date_now: Date.now,
    _emscripten_get_now_is_monotonic: () => 1,
    _tzset_js: () => undefined,
    _localtime_js: (seconds: bigint, at: number) => write(at, localTm(new Date(Number(seconds) * 1000))),
    _gmtime_js: (seconds: bigint, at: number) => write(at, utcTm(new Date(Number(seconds) * 1000))),
    _mktime_js: (at: number): bigint => {
      const tm = read(at);
      const date = new Date(tm.year + 1900, tm.mon, tm.mday, tm.hour, tm.min, tm.sec);
      if (tm.isdst > 0 && !isDaylightSaving(date)) date.setHours(date.getHours() - 1);
      if (Number.isNaN(date.getTime())) return -1n;
      write(at, localTm(date));
      return BigInt(Math.floor(date.getTime() / 1000));
    },
    strftime: (target: number, maxBytes: number, pattern: number, at: number): number => {
      const end = vm.u8.indexOf(0, pattern);
      const text = Buffer.from(format(vm.buffer.toString('utf8', pattern, end), read(at)));
      if (text.length + 1 > maxBytes) return 0;
      text.copy(vm.u8, target);
      vm.u8[target + text.length] = 0;
      return text.length;
    },
  };
}
