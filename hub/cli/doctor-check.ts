/**
 * What one check of `botster doctor` is: a name and a look at one thing. Checks run at the same time and must not
 * depend on each other.
 */
import type { HubIdentity } from '../../primitives/context.js';

export interface Finding {
  /** warn: works, but something will be missing or slow. fail: a hub cannot run. */
  readonly level: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do, on Debian and on macOS. */
  readonly fix?: string;
}

export interface CheckContext {
  /** The hub of the repository around the current directory, or why there is none. */
  readonly hub: HubIdentity | Error;
  readonly env: NodeJS.ProcessEnv;
}

export interface Check {
  readonly name: string;
  run(context: CheckContext): Finding | Promise<Finding>;
}

export const ok = (detail: string): Finding => ({ level: 'ok', detail });
export const warn = (detail: string, fix: string): Finding => ({ level: 'warn', detail, fix });
export const failed = (detail: string, fix: string): Finding => ({ level: 'fail', detail, fix });

/** Whether a version such as `2.39.5` is at least `least`. */
export function isVersionAtLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  for (const [index, wanted] of least.entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
