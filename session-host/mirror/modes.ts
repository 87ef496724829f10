/**
 * What programs set and xterm does not keep: mouse encodings, the kitty keyboard's stacks, XTMODKEYS, titles and their
 * stack, modes that only the outer terminal carries out. Followed by parser handlers beside xterm's own.
 */
import type { SessionModes } from '../../protocol/session.js';
import type { ParserHooks } from './parser-hooks.js';
import type { Core } from './xterm-internals.js';

/** Entries of one kitty keyboard stack; the oldest goes first. kitty itself keeps 8. */
export const MAX_KEYBOARD_STACK = 8;
/** As xterm's. */
export const MAX_TITLE_STACK = 10;
export const MAX_TITLE_CHARS = 1_024;

/** DECSCNM and alternate scroll: of no meaning to a mirror, but of some to the terminal that shows it. */
const PASSIVE_MODES: ReadonlySet<number> = new Set([5, 1007]);
const MOUSE_ENCODINGS: ReadonlySet<number> = new Set([1005, 1006, 1015, 1016]);
/** Resources of XTMODKEYS: modifyKeyboard to modifySpecialKeys. */
const MAX_KEY_RESOURCE = 7;
/** The five flags of the kitty keyboard protocol. */
const KEYBOARD_FLAGS = 0b11111;

const MOUSE = { NONE: 'none', X10: 'x10', VT200: 'vt200', DRAG: 'drag', ANY: 'any' } as const;

/** Text that is shown to people: no controls, no overrides of direction. */
export function cleanText(text: string, maxChars: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '').slice(0, maxChars);
}

export class ModeTracker {
  readonly #core: Core;
  /** 0: the default encoding. */
  mouseEncoding = 0;
  readonly passive = new Set<number>();
  /** What XTMODKEYS set, by resource. */
  readonly keyModifiers = new Map<number, number>();
  /** What the kitty keyboard protocol pushed, per screen; the last one is in force. */
  readonly keyboard: { normal: number[]; alternate: number[] } = { normal: [], alternate: [] };
  /** Undefined until the program sets one. */
  title: string | undefined;
  iconName: string | undefined;
  readonly titleStack: string[] = [];
  readonly iconStack: string[] = [];

  constructor(core: Core, hooks: ParserHooks) {
    this.#core = core;
    hooks.csi('?h', (params) => this.#setModes(params, true));
    hooks.csi('?l', (params) => this.#setModes(params, false));
    hooks.csi('>u', ([flags = 0]) => this.#pushKeyboard(flags));
    hooks.csi('<u', ([count = 0]) => this.#popKeyboard(count));
    hooks.csi('=u', ([flags = 0, how = 1]) => this.#setKeyboard(flags, how));
    hooks.csi('>m', (params) => this.#setKeyModifiers(params));
    hooks.csi('>n', ([resource = 0]) => {
      if (resource <= MAX_KEY_RESOURCE) this.keyModifiers.set(resource, 0);
      return true;
    });
    hooks.csi('t', (params) => this.#moveTitles(params));
    hooks.osc(0, (text) => this.#setTitles(text, true, true));
    hooks.osc(1, (text) => this.#setTitles(text, false, true));
    hooks.osc(2, (text) => this.#setTitles(text, true, false));
    hooks.esc('c', () => this.#reset());
  }

  get alternateScreen(): boolean {
    const { active, alt } = this.#core._bufferService.buffers;
    return active === alt;
  }

  get keyboardFlags(): number {
    return this.#stack.at(-1) ?? 0;
  }

  summary(): SessionModes {
    const { coreService, coreMouseService } = this.#core;
    const modes = coreService.decPrivateModes;
    return {
      alternate_screen: this.alternateScreen,
      cursor_visible: !coreService.isCursorHidden,
      bracketed_paste: modes.bracketedPasteMode,
      application_cursor: modes.applicationCursorKeys,
      focus_reporting: modes.sendFocus,
      mouse: MOUSE[coreMouseService.activeProtocol as keyof typeof MOUSE] ?? 'none',
      kitty_keyboard: this.keyboardFlags,
    };
  }

  get #stack(): number[] {
    return this.alternateScreen ? this.keyboard.alternate : this.keyboard.normal;
  }

  #setModes(params: readonly number[], on: boolean): boolean {
    for (const mode of params) {
      // Like xterm: the encoding set last is in force, and resetting any one brings back the default.
      if (MOUSE_ENCODINGS.has(mode)) this.mouseEncoding = on ? mode : 0;
      if (PASSIVE_MODES.has(mode)) this.passive[on ? 'add' : 'delete'](mode);
    }
    return false;
  }

  #pushKeyboard(flags: number): boolean {
    const stack = this.#stack;
    if (stack.length >= MAX_KEYBOARD_STACK) stack.shift();
    stack.push(flags & KEYBOARD_FLAGS);
    return true;
  }

  #popKeyboard(count: number): boolean {
    const stack = this.#stack;
    stack.length = Math.max(0, stack.length - Math.max(1, count));
    return true;
  }

  #setKeyboard(given: number, how: number): boolean {
    const stack = this.#stack;
    const flags = given & KEYBOARD_FLAGS;
    const before = stack.pop() ?? 0;
    if (how === 3) stack.push(before & ~flags);
    else stack.push(how === 2 ? before | flags : flags);
    return true;
  }

  #setKeyModifiers(params: readonly number[]): boolean {
    const [resource = 0, value] = params;
    if (params.length <= 1 && resource === 0) this.keyModifiers.clear();
    else if (value === undefined) this.keyModifiers.delete(resource);
    else if (resource <= MAX_KEY_RESOURCE) this.keyModifiers.set(resource, value);
    return true;
  }

  #setTitles(text: string, title: boolean, icon: boolean): boolean {
    const clean = cleanText(text, MAX_TITLE_CHARS);
    if (title) this.title = clean;
    if (icon) this.iconName = clean;
    return true;
  }

  #moveTitles(params: readonly number[]): boolean {
    const [what, which = 0] = params;
    if (what === 22) {
      if (which !== 1) push(this.titleStack, this.title);
      if (which !== 2) push(this.iconStack, this.iconName);
    } else if (what === 23) {
      if (which !== 1) this.title = this.titleStack.pop() ?? this.title;
      if (which !== 2) this.iconName = this.iconStack.pop() ?? this.iconName;
    }
    return false;
  }

  #reset(): boolean {
    this.mouseEncoding = 0;
    this.passive.clear();
    this.keyModifiers.clear();
    this.keyboard.normal.length = 0;
    this.keyboard.alternate.length = 0;
    return false;
  }
}

function push(stack: string[], text = ''): void {
  if (stack.length >= MAX_TITLE_STACK) stack.shift();
  stack.push(text);
}
