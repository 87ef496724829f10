/** Puts text into the clipboard, by the program that this desktop has for it. The text goes by stdin, never as an argument. */
import { spawn } from 'node:child_process';
import { platform } from 'node:os';
import { fail, type HubError } from '../../base/errors.js';

const PATIENCE_MS = 5_000;

type Command = readonly [program: string, ...args: string[]];

/** In the order in which they are tried; those that are not installed are passed over. */
function commands(env: NodeJS.ProcessEnv): readonly Command[] {
  if (platform() === 'darwin') return [['pbcopy']];
  const found: Command[] = [];
  if (env['WAYLAND_DISPLAY']) found.push(['wl-copy']);
  if (env['DISPLAY']) found.push(['xclip', '-selection', 'clipboard'], ['xsel', '--clipboard', '--input']);
  // Of Windows, below which this Linux may run.
  found.push(['clip.exe']);
  return found;
}

export async function copyToClipboard(
  text: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<undefined | HubError<'connection.no_clipboard' | 'connection.clipboard_failed'>> {
  let failure: string | undefined;
  for (const [program, ...args] of commands(env)) {
    const outcome = await run(program, args, text, env);
    if (outcome === 'done') return undefined;
    if (outcome !== 'missing') failure ??= `${program} ${outcome}`;
  }
  if (failure !== undefined) return fail('connection.clipboard_failed', `It was not copied: ${failure}.`);
  return fail('connection.no_clipboard', `There is no program to copy with. ${cure(env)}`);
}

function cure(env: NodeJS.ProcessEnv): string {
  if (env['WAYLAND_DISPLAY']) return 'Install wl-clipboard.';
  if (env['DISPLAY']) return 'Install xclip or xsel.';
  return 'The hub runs without a desktop: copy the URL from the terminal, or scan its QR code.';
}

function run(
  program: string,
  args: readonly string[],
  text: string,
  env: NodeJS.ProcessEnv,
): Promise<'done' | 'missing' | string> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: ['pipe', 'ignore', 'ignore'] });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve('does not end');
    }, PATIENCE_MS);
    const settle = (outcome: string): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    child.on('error', (error: NodeJS.ErrnoException) =>
      settle(error.code === 'ENOENT' ? 'missing' : `does not start: ${error.message}`),
    );
    // `exit`, not `close`: some of these programs leave a child behind that holds the selection.
    child.on('exit', (code) => settle(code === 0 ? 'done' : `ended with ${code ?? 'a signal'}`));
    // It may end before it has read all; how it ended says more.
    child.stdin.on('error', () => undefined);
    child.stdin.end(text);
  });
}
