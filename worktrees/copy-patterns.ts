/**
 * Patterns in gitignore syntax that choose files to copy, and how far each reaches into folders nobody wants to walk.
 *
 * A folder that git ignores (`node_modules`, a 65 GB cache) is entered only where a pattern says so by name: one that
 * names the folder (`.venv/`), or goes through it (`node_modules/.cache/x`). One that could match anywhere (`*.local`,
 * `.env`, `*`) does not lead into it.
 *
 * Text is bytes as characters (latin1) on both sides: that is how git matches, and names need not be text.
 */
import ignore, { type Ignore } from 'ignore';

/** What of a folder to look at. */
export interface Reach {
  /** Everything below it. */
  readonly all: boolean;
  /** Every entry of the folder itself. */
  readonly level: boolean;
  /** Entries by name. */
  readonly names: readonly string[];
}

const NOTHING: Reach = { all: false, level: false, names: [] };

/** A pattern that adds, cut at its slashes. */
interface Pattern {
  readonly segments: readonly Segment[];
  /** Matches at any depth: it had no slash, or started with `**`. */
  readonly anywhere: boolean;
}

interface Segment {
  /** Undefined for `**`. */
  readonly matches: ((name: string) => boolean) | undefined;
  /** The name, if it can match no other. */
  readonly literal: string | undefined;
  /** Says something of the name: `*`, `.*` and `?` do not. */
  readonly telling: boolean;
}

export class CopyPatterns {
  readonly #matcher: Ignore;
  readonly #patterns: readonly Pattern[];

  constructor(text: string, options: { readonly ignoreCase: boolean }) {
    this.#matcher = newMatcher(options);
    const lines = text.replace(/^\u00ef\u00bb\u00bf/, '').split(/\r?\n/);
    this.#matcher.add(lines);
    this.#patterns = lines.map((line) => patternOf(line, options)).filter((one) => one !== undefined);
  }

  /** Whether a file is chosen. `path` is relative, with `/`. */
  matches(path: string): boolean {
    return this.#matcher.ignores(path);
  }

  /** How far the patterns reach into a folder that nobody walks. */
  reachInto(folder: string): Reach {
    const names = folder.split('/');
    let reach = NOTHING;
    for (const pattern of this.#patterns) reach = merged(reach, patternReach(pattern, names));
    return reach;
  }
}

function newMatcher({ ignoreCase }: { readonly ignoreCase: boolean }): Ignore {
  return ignore({ ignorecase: ignoreCase, allowRelativePaths: true });
}

function merged(a: Reach, b: Reach): Reach {
  return { all: a.all || b.all, level: a.level || b.level, names: [...a.names, ...b.names] };
}

function patternOf(line: string, options: { readonly ignoreCase: boolean }): Pattern | undefined {
  // Spaces at the end do not count unless quoted.
  const trimmed = line.replace(/(?<!\\)\s+$/, '');
  if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith('!')) return undefined;
  const parts = trimmed.replace(/\/+$/, '').split('/');
  const rooted = parts[0] === '';
  const kept = parts.filter((part) => part !== '');
  if (kept.length === 0) return undefined;
  const leading = kept[0] === '**';
  const segments = kept.slice(leading ? kept.findIndex((part) => part !== '**') : 0);
  if (leading && kept.every((part) => part === '**')) return undefined;
  return {
    segments: segments.map((part) => segmentOf(part, options)),
    anywhere: leading || (!rooted && kept.length === 1),
  };
}

function segmentOf(part: string, options: { readonly ignoreCase: boolean }): Segment {
  if (part === '**') return { matches: undefined, literal: undefined, telling: false };
  const isWild = /(?<!\\)[*?[]/.test(part);
  const matcher = newMatcher(options).add(`/${part}`);
  return {
    matches: (name) => matcher.ignores(name),
    literal: isWild || options.ignoreCase ? undefined : part.replace(/\\(.)/g, '$1'),
    telling: /[^*?.[\]\\!^-]/.test(part),
  };
}

function patternReach({ segments, anywhere }: Pattern, folder: readonly string[]): Reach {
  if (!anywhere) return rootedReach(segments, folder);
  // Only a folder that it names, wherever that is.
  for (let from = 0; from + segments.length <= folder.length; from++) {
    const { all } = rootedReach(segments, folder.slice(from, from + segments.length));
    if (all) return { ...NOTHING, all };
  }
  return NOTHING;
}

/** Follows the folder along the pattern, segment by segment. */
function rootedReach(segments: readonly Segment[], folder: readonly string[]): Reach {
  let told = false;
  for (const [i, name] of folder.entries()) {
    const segment = segments[i];
    // The pattern ended above: it names a folder around this one. Or it takes everything from here on.
    if (segment === undefined || segment.matches === undefined) return { ...NOTHING, all: told };
    if (!segment.matches(name)) return NOTHING;
    told ||= segment.telling;
  }
  const next = segments[folder.length];
  if (next === undefined || next.matches === undefined) return { ...NOTHING, all: told };
  if (next.literal !== undefined) return { ...NOTHING, names: [next.literal] };
  return { ...NOTHING, level: told };
}
