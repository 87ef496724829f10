/**
 * What a program says through its output beside text: titles, the working directory, bells, notifications, prompts,
 * modes. Title, directory and modes are told once per batch, if they changed; the rest as it comes, up to a rate.
 */
import { TokenBucket } from '../../base/token-bucket.js';
import type { SessionModes } from '../../protocol/session.js';
import type { MirrorFact } from './mirror-types.js';
import { cleanText, type ModeTracker } from './modes.js';
import { fromOsc9, fromOsc777, KittyNotifications, type Notification } from './notifications.js';
import type { ParserHooks } from './parser-hooks.js';

/** A bell that rings more often says nothing more. */
export const BELLS_PER_SECOND = 10;
export const NOTIFICATIONS_PER_SECOND = 20;
export const PROMPT_MARKS_PER_SECOND = 200;
/** As long as paths are on Linux. */
export const MAX_CWD_CHARS = 4_096;

export interface FactsOptions {
  readonly hooks: ParserHooks;
  readonly modes: ModeTracker;
  readonly nowMs: () => number;
  readonly emit: (fact: MirrorFact) => void;
  /** A fact came above its rate and was dropped. */
  readonly onDropped: (type: 'bell' | 'notification' | 'prompt') => void;
}

export class Facts {
  readonly #options: FactsOptions;
  readonly #kitty = new KittyNotifications();
  readonly #bells: TokenBucket;
  readonly #notifications: TokenBucket;
  readonly #prompts: TokenBucket;
  #cwd: string | undefined;
  #told: { title?: string | undefined; cwd?: string | undefined; modes: SessionModes };

  constructor(options: FactsOptions) {
    this.#options = options;
    const { hooks, nowMs } = options;
    const limit = (perSecond: number): TokenBucket => new TokenBucket({ burst: perSecond, perSecond }, nowMs);
    // One bell at a time: ten in a row within a millisecond are one.
    this.#bells = new TokenBucket({ burst: 1, perSecond: BELLS_PER_SECOND }, nowMs);
    this.#notifications = limit(NOTIFICATIONS_PER_SECOND);
    this.#prompts = limit(PROMPT_MARKS_PER_SECOND);
    this.#told = { modes: options.modes.summary() };
    hooks.osc(7, (text) => this.#setCwd(pathOfUrl(text)));
    hooks.osc(9, (text) => {
      if (text.startsWith('9;')) return this.#setCwd(text.slice(2).replace(/^"(.*)"$/, '$1'));
      return this.#notify(fromOsc9(text));
    });
    hooks.osc(99, (text) => this.#notify(this.#kitty.take(text)));
    hooks.osc(777, (text) => this.#notify(fromOsc777(text)));
    hooks.osc(133, (text) => this.#prompt(text));
    hooks.osc(633, (text) => this.#prompt(text));
  }

  bell(): void {
    if (this.#bells.take()) this.#options.emit({ type: 'bell' });
    else this.#options.onDropped('bell');
  }

  /** Tells what changed since the last batch. */
  flush(): void {
    const { modes, emit } = this.#options;
    const told = this.#told;
    if (modes.title !== undefined && modes.title !== told.title) emit({ type: 'title', title: modes.title });
    if (this.#cwd !== undefined && this.#cwd !== told.cwd) emit({ type: 'cwd', cwd: this.#cwd });
    const now = modes.summary();
    if (differ(now, told.modes)) emit({ type: 'modes', modes: now });
    this.#told = { title: modes.title, cwd: this.#cwd, modes: now };
  }

  #setCwd(path: string | undefined): boolean {
    const clean = path === undefined ? '' : cleanText(path, MAX_CWD_CHARS);
    if (clean !== '') this.#cwd = clean;
    return true;
  }

  #notify(notification: Notification | undefined): boolean {
    if (notification === undefined) return true;
    if (this.#notifications.take()) this.#options.emit({ type: 'notification', ...notification });
    else this.#options.onDropped('notification');
    return true;
  }

  /** `A` to `D`, the last one with the exit code of the command: `D;0`. */
  #prompt(text: string): boolean {
    const [mark = '', code = ''] = text.split(';');
    if (mark !== 'A' && mark !== 'B' && mark !== 'C' && mark !== 'D') return true;
    if (!this.#prompts.take()) {
      this.#options.onDropped('prompt');
      return true;
    }
    const exit = mark === 'D' && /^-?\d{1,9}$/.test(code) ? { exit_code: Number(code) } : {};
    this.#options.emit({ type: 'prompt', mark, ...exit });
    return true;
  }
}

function differ(a: SessionModes, b: SessionModes): boolean {
  return (Object.keys(a) as (keyof SessionModes)[]).some((key) => a[key] !== b[key]);
}

/** The path in a `file:` URL, or in kitty's form of it, which is not percent-encoded. */
function pathOfUrl(text: string): string | undefined {
  const parts = /^(file|kitty-shell-cwd):\/\/[^/]*(\/.*)$/s.exec(text);
  if (parts === null) return undefined;
  const [, scheme, path = ''] = parts;
  if (scheme !== 'file') return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
