/**
 * Desktop notifications that programs send: OSC 9 (iTerm2), OSC 777 (urxvt), OSC 99 (kitty, in chunks).
 */
import { cleanText } from './modes.js';

export interface Notification {
  readonly title?: string;
  readonly body: string;
}

export const MAX_NOTIFICATION_CHARS = 2_048;
/** Chunked notifications that are not complete yet; the oldest is given up. */
export const MAX_OPEN_NOTIFICATIONS = 8;

/** ConEmu's commands share OSC 9: 1 to 12, of which 4 is progress and 9 the working directory. */
const CONEMU_COMMAND = /^(?:[1-9]|1[0-2])(?:;|$)/;

/** OSC 9; undefined for what is no notification. */
export function fromOsc9(text: string): Notification | undefined {
  return CONEMU_COMMAND.test(text) ? undefined : notification('', text);
}

/** OSC 777: `notify;title;body`. */
export function fromOsc777(text: string): Notification | undefined {
  const [command, title = '', ...body] = text.split(';');
  return command === 'notify' ? notification(title, body.join(';')) : undefined;
}

/** OSC 99: `metadata;payload`, where metadata is `key=value` joined by colons. */
export class KittyNotifications {
  readonly #open = new Map<string, { title: string; body: string }>();

  /** Undefined while the notification is not complete, and for everything else the protocol does. */
  take(text: string): Notification | undefined {
    const split = text.indexOf(';');
    if (split < 0) return undefined;
    const keys = new Map(
      text
        .slice(0, split)
        .split(':')
        .map((pair) => [pair.charAt(0), pair.slice(2)]),
    );
    const part = keys.get('p') ?? 'title';
    if (part !== 'title' && part !== 'body') return undefined;
    const payload = keys.get('e') === '1' ? fromBase64(text.slice(split + 1)) : text.slice(split + 1);
    const id = keys.get('i') ?? '';
    const known = this.#open.get(id) ?? { title: '', body: '' };
    known[part] = (known[part] + payload).slice(0, MAX_NOTIFICATION_CHARS);
    this.#open.delete(id);
    if (keys.get('d') === '0') {
      this.#keep(id, known);
      return undefined;
    }
    return notification(known.title, known.body);
  }

  #keep(id: string, known: { title: string; body: string }): void {
    const [oldest] = this.#open.keys();
    if (this.#open.size >= MAX_OPEN_NOTIFICATIONS && oldest !== undefined) this.#open.delete(oldest);
    this.#open.set(id.slice(0, 64), known);
  }
}

function notification(title: string, body: string): Notification | undefined {
  const cleanTitle = cleanText(title, MAX_NOTIFICATION_CHARS);
  const cleanBody = cleanText(body, MAX_NOTIFICATION_CHARS);
  // A title alone is the message.
  if (cleanBody === '') return cleanTitle === '' ? undefined : { body: cleanTitle };
  return cleanTitle === '' ? { body: cleanBody } : { title: cleanTitle, body: cleanBody };
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
