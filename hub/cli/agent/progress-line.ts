/**
 * One line on the terminal that says how a request goes, and is gone when it is over. Nothing where no person looks.
 */
import { fits } from '../../../base/check.js';
import { PROGRESS_EVENT, type ProgressData, progressData } from '../../../protocol/agents.js';
import type { Listeners } from '../connect.js';
import { printable } from '../printable.js';
import type { Terminal } from '../terminal.js';

const CLEAR_LINE = '\r\u001b[K';

export interface ProgressLine {
  /** For the connection on which the request is. */
  readonly listeners: Listeners;
  clear(): void;
}

export function progressLine(terminal: Terminal): ProgressLine {
  if (!terminal.isTty.err) return { listeners: {}, clear: () => undefined };
  let shown = false;
  return {
    listeners: {
      onEvent: ({ name, data }) => {
        if (name !== PROGRESS_EVENT || !fits(progressData, data)) return;
        shown = true;
        const text = printable(progressText(data)).slice(0, Math.max(0, terminal.columns - 1));
        terminal.err(`${CLEAR_LINE}${terminal.paint('dim', text, 'err')}`);
      },
    },
    clear: () => {
      if (shown) terminal.err(CLEAR_LINE);
      shown = false;
    },
  };
}

/** `worktree: checking out files, 40 %`. */
export function progressText({ stage, text, done, total, percent }: ProgressData): string {
  const what = text === undefined ? stage : `${stage}: ${text}`;
  if (percent !== undefined) return `${what}, ${Math.floor(percent)} %`;
  if (done !== undefined && total !== undefined) return `${what}, ${done} of ${total}`;
  return what;
}
