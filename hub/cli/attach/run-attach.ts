/**
 * One `botster attach`, from the first key to the last: the user's terminal on one side, the session on the other.
 */
import { HubError } from '../../../base/errors.js';
import { RealClock } from '../../../base/real-clock.js';
import type { HubIdentity } from '../../../primitives/context.js';
import type { SessionExit, SessionRecord } from '../../../protocol/session.js';
import { EXIT } from '../exit.js';
import { type Key, shownKeys } from '../keys.js';
import { exitStatusOf, exitText } from '../session/session-exit.js';
import { shownName } from '../session/session-table.js';
import type { Terminal } from '../terminal.js';
import { AttachLink } from './attach-link.js';
import { AttachView } from './attach-view.js';
import { DetachKeys } from './detach-keys.js';
import { enter } from './outer-terminal.js';
import { RawTerminal, terminalSize } from './raw-terminal.js';

/** How long the first of the detach keys waits for the next. */
const KEYS_MS = 1_000;
/** A hub that is started again at once is not worth a word. */
const AWAY_NOTICE_MS = 400;
/** Drawing text of a session of another size. */
const TEXT_MS = 100;
const TEXT_RETRY_MS = 500;
const REFUSED_NOTICE_MS = 3_000;
const BELL = '\u0007';

export interface AttachOptions {
  readonly identity: HubIdentity;
  readonly session: SessionRecord;
  readonly detachKeys: readonly Key[];
  readonly viewOnly: boolean;
  readonly terminal: Terminal;
}

/** What there is to say once the terminal is back. */
interface Ending {
  readonly status: number;
  readonly text: string;
}

/** Resolves with the exit status: 0 after a detach, else the session's own. */
export async function runAttach({
  identity,
  session,
  detachKeys,
  viewOnly,
  terminal,
}: AttachOptions): Promise<number> {
  const clock = new RealClock();
  const name = shownName(session);
  const keysText = shownKeys(detachKeys);
  let end: (ending: Ending) => void = () => undefined;
  const ended = new Promise<Ending>((resolve) => {
    end = resolve;
  });

  const link = new AttachLink({
    identity,
    uuid: session.uuid,
    viewOnly,
    clock,
    position: () => view.position,
    size: terminalSize,
    isClipped: () => view.isClipped,
    handlers: {
      onFrame: (frame) => {
        if (frame.type === 'snapshot') view.snapshot(frame);
        else if (frame.type === 'output' && !view.output(frame)) link.restart();
      },
      onResized: (size) => view.sessionResized(size),
      onInputRefused: () => warn('keys were not taken: the program does not read them'),
      onEnded: (reason, exit) => end(sessionEnded(name, reason, exit)),
      onAway: () => {
        away = clock.after(AWAY_NOTICE_MS, () => {
          view.setNotice(
            `the hub is gone, the session is not; keys are not sent until it is back. ${keysText} detaches`,
          );
        });
      },
      onBack: () => {
        away?.dispose();
        view.clearNotice();
        if (view.isCovered) view.refresh();
      },
      onFailed: (error) => end({ status: EXIT.failure, text: `[${error.message}]` }),
    },
  });
  let away: { dispose(): void } | undefined;

  const text = new TextWanted(clock, async () => {
    const screen = await link.screenText();
    if (screen !== undefined) view.showText(screen);
    return screen !== undefined;
  });
  const view = new AttachView({
    size: terminalSize(),
    clock,
    firstNotice: `${viewOnly ? 'viewing' : 'attached to'} ${name}; ${keysText} detaches`,
    clippedHint: clippedHint(session, viewOnly, keysText),
    ports: {
      write: (data, consumed) =>
        raw.write(data, () => {
          if (consumed > 0) link.grant(consumed);
        }),
      wantScreen: () => void link.screen().then((screen) => view.screen(screen)),
      wantText: () => text.want(),
    },
  });
  const warn = (message: string): void => {
    view.setNotice(message);
    clock.after(REFUSED_NOTICE_MS, () => {
      view.clearNotice();
      view.refresh();
    });
  };

  const keys = new DetachKeys(detachKeys);
  let keysTimer: { dispose(): void } | undefined;
  const forward = (bytes: Uint8Array): void => {
    if (bytes.length === 0) return;
    view.typed();
    if (link.isOpen) link.input(bytes);
    else raw.write(BELL);
  };
  const raw = RawTerminal.open({
    onInput: (bytes) => {
      keysTimer?.dispose();
      const typed = keys.push(bytes);
      forward(typed.forward);
      if (typed.detach) end(detached(session));
      else if (keys.holds) keysTimer = clock.after(KEYS_MS, () => forward(keys.flush()));
    },
    onResize: (size) => {
      view.resized(size);
      link.resized();
    },
    onContinue: () => view.refresh(),
    onEnd: (status) => end({ status, text: '' }),
    leaving: () => view.end(),
  });

  raw.write(enter(raw.size));
  link.open().catch((error: unknown) => {
    end({ status: EXIT.failure, text: `[${error instanceof HubError ? error.message : String(error)}]` });
  });
  const { status, text: lastWords } = await ended;
  for (const timer of [keysTimer, away]) timer?.dispose();
  link.close();
  raw.restore();
  if (lastWords !== '') terminal.err(`${lastWords}\n`);
  return status;
}

function sessionEnded(name: string, reason: string, exit: SessionExit | undefined): Ending {
  if (reason === 'removed' && exit === undefined)
    return { status: EXIT.failure, text: `[${name} was removed]` };
  return {
    status: exit === undefined ? EXIT.failure : exitStatusOf(exit),
    text: `[${name} ${exitText(exit)}]`,
  };
}

function detached(session: SessionRecord): Ending {
  const id = session.name ?? session.uuid.slice(0, 8);
  return {
    status: EXIT.ok,
    text: `[detached from ${shownName(session)}; come back with: botster attach ${id}]`,
  };
}

function clippedHint({ size_policy }: SessionRecord, viewOnly: boolean, keysText: string): string {
  const take = size_policy === 'latest' && !viewOnly ? 'type to make it fit; ' : '';
  return `${take}${keysText} detaches`;
}

/** Fetches the text when it is wanted, one at a time and not too often. */
class TextWanted {
  readonly #clock: RealClock;
  /** Whether it could be had. */
  readonly #fetch: () => Promise<boolean>;
  #wanted = false;
  #busy = false;

  constructor(clock: RealClock, fetch: () => Promise<boolean>) {
    this.#clock = clock;
    this.#fetch = fetch;
  }

  want(): void {
    this.#wanted = true;
    if (!this.#busy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#wanted) {
      this.#wanted = false;
      const had = await this.#fetch();
      this.#wanted ||= !had;
      const pauseMs = had ? TEXT_MS : TEXT_RETRY_MS;
      await new Promise<void>((resolve) => void this.#clock.after(pauseMs, resolve));
    }
    this.#busy = false;
  }
}
