/**
 * The hyperlinks (OSC 8) of one terminal: cells hold a number, this table says where it leads.
 *
 * Takes the place of xterm's own service, which keeps a marker per link and line and moves all of them at every scroll;
 * a program that prints many links would stop the worker. Here a number is freed when no cell holds it any more, which
 * is looked up only when the table is full.
 */
import type { LinkData, LinkService } from './xterm-internals.js';

/** Different links of one terminal. Beyond it a link is printed as plain text. */
export const MAX_LINKS = 4_096;
/** How many links come, at least, for each look at all cells. */
const LINKS_PER_LOOK = 1_024;
/** As in VTE, whose page on OSC 8 the others follow. */
export const MAX_URI_CHARS = 2_083;
export const MAX_LINK_ID_CHARS = 250;

export class Links implements LinkService {
  readonly #byId = new Map<number, LinkData>();
  readonly #ids = new Map<string, number>();
  /** Numbers that are in cells, in the pen or in a saved cursor. */
  readonly #inUse: () => ReadonlySet<number>;
  #nextId = 1;
  /** So many more links are refused without looking for room. */
  #refusals = 0;

  constructor(inUse: () => ReadonlySet<number>) {
    this.#inUse = inUse;
  }

  /** The link's number; 0 is no link. */
  registerLink(link: LinkData): number {
    const { id, uri } = link;
    if (uri.length > MAX_URI_CHARS || (id?.length ?? 0) > MAX_LINK_ID_CHARS) return 0;
    const key = `${id ?? ''};${uri}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.#byId.size >= MAX_LINKS && !this.#free()) return 0;
    const number = this.#nextId++;
    this.#ids.set(key, number);
    this.#byId.set(number, { id, uri });
    return number;
  }

  addLineToLink(): void {
    // Lines need no registration here.
  }

  getLinkData(number: number): LinkData | undefined {
    return this.#byId.get(number);
  }

  /** Forgets what is not in use. False: there is no room. */
  #free(): boolean {
    if (this.#refusals > 0) {
      this.#refusals--;
      return false;
    }
    const inUse = this.#inUse();
    for (const [key, number] of this.#ids) {
      if (inUse.has(number)) continue;
      this.#ids.delete(key);
      this.#byId.delete(number);
    }
    // Looking is slow: not again for every link while the screen is full of them.
    if (this.#byId.size > MAX_LINKS - LINKS_PER_LOOK) this.#refusals = LINKS_PER_LOOK;
    return this.#byId.size < MAX_LINKS;
  }
}
