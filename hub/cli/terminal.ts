/**
 * The command line's way to its user: text out, text in, colour where it is welcome.
 *
 * Results go to stdout, everything else to stderr. Colour only on a terminal, and not with NO_COLOR (no-color.org) or
 * TERM=dumb; FORCE_COLOR overrides. A reader that went away (`botster logs | head`) is not an error.
 */
import { type Style, styled } from '../ansi.js';

export interface Terminal {
  /** Writes a result. */
  out(text: string): void;
  /** Writes a result that is no text. Resolves when stdout took it. */
  writeBytes(bytes: Uint8Array): Promise<void>;
  /** Writes a message. */
  err(text: string): void;
  /** `text` in a style, if the stream it is for shows styles. */
  paint(style: Style, text: string, stream?: 'out' | 'err'): string;
  /** Whether people see a stream; else a program reads it. */
  readonly isTty: { readonly in: boolean; readonly out: boolean; readonly err: boolean };
  readonly color: { readonly out: boolean; readonly err: boolean };
  /** Width to lay text out for. */
  readonly columns: number;
  /** How many lines are seen at once. */
  readonly rows: number;
  /** The next line that is typed, without its end. Empty at the end of stdin. */
  readLine(): Promise<string>;
  /** All of stdin. */
  readInput(): Promise<Uint8Array>;
  /** Resolves when everything written has left the process. */
  flushed(): Promise<void>;
}

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** The terminal of this process. `onReaderGone` is called when nobody reads stdout any more. */
export function openTerminal(env: NodeJS.ProcessEnv, onReaderGone: () => void): Terminal {
  const { stdin, stdout, stderr } = process;
  stdout.on('error', onReaderGone);
  // With stderr gone there is nobody to tell.
  stderr.on('error', () => undefined);
  const isTty = { in: stdin.isTTY === true, out: stdout.isTTY === true, err: stderr.isTTY === true };
  const color = { out: wantsColor(env, isTty.out), err: wantsColor(env, isTty.err) };
  return {
    out: (text) => void stdout.write(text),
    writeBytes: (bytes) => new Promise((resolve) => stdout.write(bytes, () => resolve())),
    err: (text) => void stderr.write(text),
    paint: (style, text, stream = 'out') => (color[stream] ? styled(style, text) : text),
    isTty,
    color,
    columns: stdout.columns ?? DEFAULT_COLUMNS,
    rows: stdout.rows ?? DEFAULT_ROWS,
    readLine: () => readLine(stdin),
    readInput: async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of stdin) chunks.push(chunk as Uint8Array);
      return Buffer.concat(chunks);
    },
    flushed: async () => {
      await Promise.all([written(stdout), written(stderr)]);
    },
  };
}

/** Reads no further than the line: what comes after it is for others. */
async function readLine(stdin: NodeJS.ReadStream): Promise<string> {
  let text = '';
  for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  stdin.pause();
  return text.split('\n', 1)[0] ?? '';
}

export function wantsColor(env: NodeJS.ProcessEnv, isTty: boolean): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  if ((env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return false;
  return isTty;
}

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else stream.write('', () => resolve());
  });
}
