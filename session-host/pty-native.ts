/**
 * The native part of node-pty, for this machine. The only importer of @lydell/node-pty.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fail, type HubError, messageOf } from '../base/errors.js';

export interface NativePty {
  readonly fork: (
    file: string,
    args: readonly string[],
    env: readonly string[],
    cwd: string,
    cols: number,
    rows: number,
    uid: number,
    gid: number,
    utf8: boolean,
    helperPath: string,
    onExit: (code: number, signal: number) => void,
  ) => Forked;
  readonly resize: (fd: number, cols: number, rows: number, pixelWidth: number, pixelHeight: number) => void;
}

export interface Forked {
  readonly fd: number;
  readonly pid: number;
  /** Path of the slave. */
  readonly pty: string;
}

type SpawnFailed = HubError<'session.spawn_failed'>;

/** Or why terminals do not work here. */
export const native = await loadNative();

async function loadNative(): Promise<(NativePty & { readonly helperPath: string }) | SpawnFailed> {
  try {
    const library = (await import('@lydell/node-pty')) as unknown as { native: NativePty };
    const { fork, resize } = library.native;
    return { fork, resize, helperPath: process.platform === 'darwin' ? darwinHelper() : '' };
  } catch (thrown) {
    const platform = `${process.platform}-${process.arch}`;
    return fail(
      'session.spawn_failed',
      `Terminals do not work on this machine (${platform}): ${messageOf(thrown)} Sessions need macOS, or Linux with glibc 2.28 or newer (not musl), on x64 or arm64, and an installation with the optional packages: run "npm install --include=optional" on this machine.`,
      { platform },
    );
  }
}

/** The program that macOS starts first; it makes the terminal the controlling one and then runs the command. */
function darwinHelper(): string {
  const platform = `darwin-${process.arch}`;
  const library = createRequire(import.meta.url).resolve('@lydell/node-pty');
  const build = createRequire(library).resolve(`@lydell/node-pty-${platform}`);
  return join(dirname(build), '..', 'prebuilds', platform, 'spawn-helper');
}
