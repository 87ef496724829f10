/**
 * The headers of what a relay serves: what the page may do, and what may be kept.
 *
 * The page holds keys, so it runs nothing but its own files: no inline scripts, no other hosts, no frames.
 */

const policy = {
  'default-src': "'none'",
  // WebAssembly: libsodium.
  'script-src': "'self' 'wasm-unsafe-eval'",
  // The terminal makes its rules as it goes.
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data: blob:",
  'font-src': "'self' data:",
  // Hubs of other relays.
  'connect-src': "'self' ws: wss:",
  'worker-src': "'self'",
  'manifest-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
} as const;

/** On every answer. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': Object.entries(policy)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'camera=(self), clipboard-read=(self), geolocation=(), microphone=(), payment=(), usb=()',
};

/** The build puts a hash of the content into the names of files below this folder. */
const HASHED_FOLDER = '/assets/';

/** How long a file may be kept. `path` is that in the URL. */
export function cacheControl(path: string): string {
  // The page and the service worker: kept, and asked for again each time (an answer of 304 has no body).
  return path.startsWith(HASHED_FOLDER) ? 'public, max-age=31536000, immutable' : 'no-cache';
}
