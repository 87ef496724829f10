/**
 * Checks a command before it gets a terminal: which file it is, where it starts, what it inherits.
 *
 * The system would only say "execvp failed" on the new terminal. Here each mistake has a code and a message that names
 * the thing and says what to do. A file may still change before it is started; then the terminal shows what happened.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { fail, type HubError } from '../base/errors.js';
import { errnoOf } from '../system/errno.js';

/** Where the system looks when PATH is not set. */
const DEFAULT_PATH = '/usr/local/bin:/bin:/usr/bin';
/** More folders are not named in a message. */
const MAX_NAMED_FOLDERS = 20;
/** Linux refuses to start a program with a longer variable (MAX_ARG_STRLEN). */
const MAX_VARIABLE_BYTES = 128 * 1024 - 1;

type CommandNotFound = HubError<'session.command_not_found'>;

/** Why a path is no command; undefined: it is one. `missing`: nothing is there. */
type Flaw = { readonly missing: boolean; readonly why: string } | undefined;

/**
 * The absolute path of the file that `cmd` names. With a slash it is a path, relative to `cwd`; without, it is looked
 * up in the PATH of `env`. Errors: session.command_not_found, with `details.command`.
 */
export async function resolveCommand(
  cmd: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<string | CommandNotFound> {
  if (cmd === '') return notFound(cmd, 'The command is empty: name a program.');
  if (cmd.includes('\0')) return notFound(cmd, 'The name of the command contains a NUL character.');
  return cmd.includes('/') ? await atPath(cmd, cwd) : await inPath(cmd, cwd, env['PATH']);
}

async function atPath(cmd: string, cwd: string): Promise<string | CommandNotFound> {
  const path = resolve(cwd, cmd);
  const flaw = await flawOf(path);
  if (flaw === undefined) return path;
  const start = isAbsolute(cmd) ? '' : ` (a relative path starts at ${cwd})`;
  return notFound(cmd, `Cannot run ${path}: ${flaw.why}${start}.`);
}

async function inPath(cmd: string, cwd: string, path: string | undefined): Promise<string | CommandNotFound> {
  // An empty entry is the current folder, as in every shell.
  const folders = [...new Set((path ?? DEFAULT_PATH).split(delimiter).map((folder) => resolve(cwd, folder)))];
  let unusable = '';
  for (const folder of folders) {
    const file = join(folder, cmd);
    const flaw = await flawOf(file);
    if (flaw === undefined) return file;
    if (!flaw.missing && unusable === '') unusable = ` There is ${file}, but ${flaw.why}.`;
  }
  const named = folders.slice(0, MAX_NAMED_FOLDERS).join(', ');
  const more = folders.length > MAX_NAMED_FOLDERS ? ` and ${folders.length - MAX_NAMED_FOLDERS} more` : '';
  const source = path === undefined ? 'the usual folders, as PATH is not set' : 'the folders of PATH';
  return notFound(
    cmd,
    `Cannot find the command "${cmd}" in ${source} (${named}${more}).${unusable} Install it, or give its full path.`,
  );
}

async function flawOf(path: string): Promise<Flaw> {
  try {
    const info = await stat(path);
    if (info.isDirectory()) return { missing: false, why: 'it is a folder, not a program' };
    if (!info.isFile()) return { missing: false, why: 'it is not a regular file' };
    await access(path, constants.X_OK);
    return undefined;
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return { missing: true, why: 'there is no such file' };
    if (errno === 'EACCES')
      return { missing: false, why: `you may not execute it; if it is yours, run: chmod +x ${path}` };
    return { missing: false, why: `the system says ${errno ?? String(thrown)}` };
  }
}

function notFound(command: string, message: string): CommandNotFound {
  return fail('session.command_not_found', message, { command });
}

/** Whether a command can start in `cwd`, an absolute path. Errors: session.bad_cwd, with `details.cwd`. */
export async function checkStartDir(cwd: string): Promise<HubError<'session.bad_cwd'> | undefined> {
  const bad = (why: string): HubError<'session.bad_cwd'> =>
    fail('session.bad_cwd', `Cannot start in ${JSON.stringify(cwd)}: ${why}.`, { cwd });
  if (!isAbsolute(cwd)) return bad('it is not an absolute path');
  if (cwd.includes('\0')) return bad('it contains a NUL character');
  try {
    if (!(await stat(cwd)).isDirectory()) return bad('it is not a folder');
    await access(cwd, constants.X_OK);
    return undefined;
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return bad('there is no such folder; make it first');
    if (errno === 'EACCES') return bad('you may not enter it; change its permissions or choose another');
    return bad(`the system says ${errno ?? String(thrown)}`);
  }
}

/** Whether a process can have this environment. Errors: session.bad_env, with `details.name`. */
export function checkEnv(env: Readonly<Record<string, string>>): HubError<'session.bad_env'> | undefined {
  for (const [name, value] of Object.entries(env)) {
    const bad = (why: string): HubError<'session.bad_env'> =>
      fail('session.bad_env', `The environment variable ${shown(name)} ${why}.`, { name });
    if (name === '') return bad('has an empty name');
    if (name.includes('=')) return bad('has a "=" in its name: give name and value separately');
    if (name.includes('\0')) return bad('has a NUL character in its name');
    if (value.includes('\0')) return bad('has a NUL character in its value: the system cannot pass that on');
    if (Buffer.byteLength(name) + 1 + Buffer.byteLength(value) > MAX_VARIABLE_BYTES)
      return bad(`is longer than ${MAX_VARIABLE_BYTES} bytes: pass it in a file`);
  }
  return undefined;
}

function shown(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}...` : name);
}
