/** What a session is called, for people. Pure. */
import type { SessionView } from '../link/types.js';

/** The branch it works on, else its name, else its command. */
export function headingOf({ agent, session }: SessionView): string {
  return (
    session.name ??
    agent?.name ??
    agent?.branch ??
    (agent?.in_place ? 'main checkout' : commandOf(session.cmd))
  );
}

/** `claude`, or the program it runs. */
export function kindOf({ agent, session }: SessionView): string {
  return agent?.agent ?? commandOf(session.cmd);
}

/** The branch, where the heading is another name. */
export function branchBeside(view: SessionView): string | undefined {
  const branch = view.agent?.branch;
  return branch === headingOf(view) ? undefined : branch;
}

function commandOf(cmd: string): string {
  return cmd.slice(cmd.lastIndexOf('/') + 1);
}

export const stateWords = {
  working: 'Working',
  needs_you: 'Needs you',
  idle: 'Idle',
  exited: 'Exited',
} as const satisfies Record<SessionView['state'], string>;

/** The state with how it ended, where it did. */
export function stateText({ state, session }: SessionView): string {
  return state === 'exited' ? exitText(session.exit) : stateWords[state];
}

export function exitText(exit: SessionView['session']['exit']): string {
  if (exit === undefined) return 'Exited';
  if (exit.lost === true) return 'Lost';
  if (exit.signal !== undefined) return `Ended by signal ${exit.signal}`;
  return exit.code === 0 ? 'Exited' : `Exited with ${exit.code ?? '?'}`;
}

/** It ended, and not well. */
export function failed({ state, session }: SessionView): boolean {
  return state === 'exited' && session.exit?.code !== 0;
}
