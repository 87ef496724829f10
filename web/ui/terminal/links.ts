/** Web addresses in a terminal's text. Pure. */

export interface FoundLink {
  /** Where it begins, in characters. */
  readonly at: number;
  readonly text: string;
}

const MAX_LINK = 2_048;
const address = /\bhttps?:\/\/[^\s"'`<>{}|\\^\u2500-\u259f]+/gi;

export function linksIn(text: string): FoundLink[] {
  return [...text.matchAll(address)].flatMap((found) => {
    const link = trimmed(found[0]);
    return link.length > MAX_LINK || safeLink(link) === undefined ? [] : [{ at: found.index, text: link }];
  });
}

/** The address, if it is one that may be opened. */
export function safeLink(text: string): string | undefined {
  try {
    const { protocol, href } = new URL(text);
    return protocol === 'http:' || protocol === 'https:' ? href : undefined;
  } catch {
    return undefined;
  }
}

/** Without what belongs to the sentence around it: the last punctuation, and a bracket that was opened before. */
function trimmed(link: string): string {
  let end = link.length;
  for (;;) {
    const last = link[end - 1] ?? '';
    const open = { ')': '(', ']': '[' }[last];
    if (open !== undefined && count(link, last, end) > count(link, open, end)) end--;
    else if (/[.,;:!?*]/.test(last)) end--;
    else return link.slice(0, end);
  }
}

function count(text: string, character: string, end: number): number {
  return text.slice(0, end).split(character).length - 1;
}
