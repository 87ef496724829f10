/**
 * One terminal: bytes in, screen, modes, answers and facts out. The only importer of @xterm/headless.
 *
 * Parsing is synchronous, so the state is always the one after `offset` bytes. What a program sends can at worst cost
 * its own sequence (containment.ts) and bounded memory.
 */
import headless from '@xterm/headless';
import { charWidth } from '../../base/char-width.js';
import { concat, endOfPiece, incompleteTail, UnfinishedSequence } from './boundary.js';
import { learnCharsets } from './charsets.js';
import { contain } from './containment.js';
import { type Corrected, correct, correctResize } from './corrections.js';
import { Facts } from './facts.js';
import type { MirrorFact, ScreenText } from './mirror-types.js';
import { ModeTracker } from './modes.js';
import { Palette } from './palette.js';
import type { CsiHook, ParserHooks } from './parser-hooks.js';
import { answerQueries } from './queries.js';
import { type ScreenState, takeSnapshot } from './snapshot.js';
import { type Core, GROUND } from './xterm-internals.js';

/** Most bytes that the parser gets at once. */
const MAX_PIECE_BYTES = 16 * 1024;
const NOTHING = new Uint8Array(0);

export interface ScreenOptions {
  readonly rows: number;
  readonly cols: number;
  readonly scrollbackLines: number;
  /** Bytes before the first one written. Default 0. */
  readonly offset?: number;
  readonly nowMs: () => number;
  readonly output: ScreenOutput;
}

export interface ScreenOutput {
  /** An answer for the program, in the order of the questions. */
  reply(text: string): void;
  fact(fact: MirrorFact): void;
  /** Something was dropped (`mirror.bell_dropped`) or went wrong (`mirror.emulator_error`). */
  count(name: string, thrown?: unknown): void;
}

export class Screen {
  readonly #terminal: InstanceType<typeof headless.Terminal>;
  readonly #corrected: Corrected;
  readonly #facts: Facts;
  readonly #unfinished: UnfinishedSequence;
  readonly #core: Core;
  readonly #modes: ModeTracker;
  readonly #palette: Palette;
  /** The first bytes of a character that is not complete. */
  #held: Uint8Array = NOTHING;
  #offset: number;

  constructor(options: ScreenOptions) {
    const { rows, cols, scrollbackLines, output, nowMs } = options;
    this.#offset = options.offset ?? 0;
    this.#terminal = new headless.Terminal({
      rows,
      cols,
      scrollback: scrollbackLines,
      allowProposedApi: true,
      logLevel: 'off',
      windowOptions: {
        getWinSizePixels: true,
        getCellSizePixels: true,
        getWinSizeChars: true,
        getScreenSizeChars: true,
        pushTitle: true,
        popTitle: true,
      },
    });
    this.#core = (this.#terminal as unknown as { readonly _core: Core })._core;
    this.#useOurWidths();
    learnCharsets(this.#core._charsetService, (letter) => this.#parse(Buffer.from(`\x1b(${letter}`)));
    this.#corrected = correct(this.#core);
    const hooks = this.#hooks();
    const reply = (text: string): void => output.reply(text);
    this.#palette = new Palette(hooks, reply);
    this.#modes = new ModeTracker(this.#core, hooks);
    answerQueries({ core: this.#core, hooks, modes: this.#modes, palette: this.#palette, reply });
    this.#facts = new Facts({
      hooks,
      modes: this.#modes,
      nowMs,
      emit: (fact) => output.fact(fact),
      onDropped: (type) => output.count(`mirror.${type}_dropped`),
    });
    this.#terminal.onBell(() => this.#facts.bell());
    contain(this.#core, (thrown) => output.count('mirror.emulator_error', thrown));
    this.#unfinished = new UnfinishedSequence(this.#core._inputHandler._parser);
  }

  /** The state is the one after this many bytes. */
  get offset(): number {
    return this.#offset;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  get cols(): number {
    return this.#terminal.cols;
  }

  write(bytes: Uint8Array): void {
    const all = this.#held.length === 0 ? bytes : concat([this.#held, bytes]);
    const whole = all.length - incompleteTail(all);
    this.#held = whole === all.length ? NOTHING : all.slice(whole);
    const complete = all.subarray(0, whole);
    for (let start = 0; start < whole; ) {
      const end = endOfPiece(complete, start, Math.min(MAX_PIECE_BYTES, this.#unfinished.room));
      const piece = complete.subarray(start, end);
      this.#parse(piece);
      this.#unfinished.follow(piece);
      start = end;
    }
    this.#offset += bytes.length;
  }

  /**
   * Of more lines of plain text than this, only the last ones leave a trace: as many as it holds, behind those that are
   * written over what is below the cursor. Undefined while something else matters: a sequence that has begun, a scroll
   * region, a link under the pen.
   */
  get linesKept(): number | undefined {
    const { active } = this.#core._bufferService.buffers;
    const { _parser, _curAttrData } = this.#core._inputHandler;
    const atRest = this.#held.length === 0 && _parser.currentState === GROUND;
    const scrollsAll = active.scrollTop === 0 && active.scrollBottom === this.rows - 1;
    const hasLink = _curAttrData.extended.urlId !== 0;
    return atRest && scrollsAll && !hasLink ? active.lines.maxLength + this.rows : undefined;
  }

  /** Leaves out bytes that have no effect (plain-lines.ts). */
  skip(bytesCount: number): void {
    this.#offset += bytesCount;
  }

  /** Tells the facts that are told once per batch of bytes. */
  flush(): void {
    this.#facts.flush();
  }

  resize(rows: number, cols: number): void {
    if (rows === this.rows && cols === this.cols) return;
    this.#terminal.resize(cols, rows);
    correctResize(this.#core, this.#corrected.savedCursors);
  }

  /** Everything the state consists of. */
  get state(): ScreenState {
    return {
      core: this.#core,
      modes: this.#modes,
      palette: this.#palette,
      links: this.#corrected.links,
      savedCursors: this.#corrected.savedCursors,
      unfinished: concat([this.#unfinished.bytes, this.#held]),
    };
  }

  /** Yields now and then; nothing may be written to the screen until it returns. */
  snapshot(scrollback: number): Generator<void, Uint8Array<ArrayBuffer>, void> {
    return takeSnapshot(this.state, scrollback);
  }

  text(scrollback: number): ScreenText {
    const { active } = this.#core._bufferService.buffers;
    const lines: string[] = [];
    for (let row = active.ybase - Math.min(scrollback, active.ybase); row < active.lines.length; row++) {
      lines.push(active.lines.get(row)?.translateToString(true).trimEnd() ?? '');
    }
    while (lines.length > 0 && lines.at(-1) === '') lines.pop();
    return {
      offset: this.#offset,
      rows: this.rows,
      cols: this.cols,
      text: lines.join('\n'),
      cursor: {
        row: active.y,
        col: Math.min(active.x, this.cols - 1),
        visible: !this.#core.coreService.isCursorHidden,
      },
    };
  }

  dispose(): void {
    this.#terminal.dispose();
  }

  #parse(piece: Uint8Array): void {
    void this.#core._inputHandler.parse(piece);
  }

  /** xterm's own table is of 2010 and gives emoji one column. */
  #useOurWidths(): void {
    this.#terminal.unicode.register({
      version: 'botster',
      wcwidth: charWidth,
      // Width in bits 1 and 2; bit 0: joins the character before, of whatever width that is.
      charProperties: (codePoint, preceding) => {
        const width = codePoint < 0x7f ? 1 : charWidth(codePoint);
        return width === 0 ? (preceding & 6) | 1 : width << 1;
      },
    });
    this.#terminal.unicode.activeVersion = 'botster';
  }

  #hooks(): ParserHooks {
    const { parser } = this.#terminal;
    const plain = (params: readonly (number | number[])[]): number[] =>
      params.filter((param): param is number => typeof param === 'number');
    return {
      csi: (id: string, hook: CsiHook) => {
        parser.registerCsiHandler(identify(id), (params) => hook(plain(params)));
      },
      esc: (final, hook) => {
        parser.registerEscHandler({ final }, hook);
      },
      osc: (number, hook) => {
        parser.registerOscHandler(number, hook);
      },
      dcs: (id, hook) => {
        parser.registerDcsHandler(identify(id), (text, params) => hook(text, plain(params)));
      },
    };
  }
}

function identify(id: string): { prefix?: string; intermediates?: string; final: string } {
  const parts = /^([<-?]?)([ -/]*)([@-~])$/.exec(id);
  if (parts === null) throw new Error(`not the name of a sequence: ${id}`);
  const [, prefix = '', intermediates = '', final = ''] = parts;
  return { ...(prefix === '' ? {} : { prefix }), ...(intermediates === '' ? {} : { intermediates }), final };
}
