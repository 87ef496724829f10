/** The page's references to files of web/: found in its source, and replaced by what the build made of them. */
import type { Entry } from './bundle.js';

const reference = /\b(src|href)="(?:\.?\/)?([^":#?]+)"/g;

/** Paths that the page loads and that exist, each once. */
export function referencesOf(page: string, exists: (path: string) => boolean): string[] {
  const paths = [...page.matchAll(reference)].map((found) => found[2] as string);
  return [...new Set(paths)].filter(exists);
}

/** The page with the bundles' names; styles that a script imports are linked before the end of its head. */
export function rewritten(page: string, entries: ReadonlyMap<string, Entry>): string {
  const linked = page.replace(reference, (whole, attribute: string, path: string) => {
    const entry = entries.get(path);
    return entry === undefined ? whole : `${attribute}="./${entry.path}"`;
  });
  const styles = [...entries.values()].flatMap(({ css }) => (css === undefined ? [] : [css]));
  const links = styles.map((path) => `<link rel="stylesheet" href="./${path}">\n`).join('');
  return linked.replace('</head>', `${links}</head>`);
}
