/**
 * One session: a command's terminal, who it is, who looks at it, what it tells.
 *
 * Its bytes reach each view through a cursor of its own (attachment.ts); its size follows the views (size-policy.ts).
 * When the command has ended the session stays, with its last screen, until it is removed.
 */
import type { Clock } from '../base/clock.js';
import type { Counters } from '../base/counters.js';
import { type HubError, isHubError } from '../base/errors.js';
import type { Disposable } from '../base/scope.js';
import type { HostEvent } from '../protocol/host-events.js';
import type { SessionExit, SessionModes, SessionRecord, SizePolicy } from '../protocol/session.js';
import { Activity } from './activity.js';
import type { AttachmentSource } from './attachment.js';
import { eventOf, Facts } from './facts.js';
import type { LiveTerminal, LiveTerminalHandlers } from './live-terminal.js';
import type { MirrorFact, ScreenText, Snapshot } from './mirror/mirror-types.js';
import type { PastTerminal } from './past-terminal.js';
import type { PtyExit } from './pty-types.js';
import { SessionSize } from './session-size.js';
import type { TerminalSize } from './size-policy.js';
import type { Terminal } from './terminal.js';
import { View, type ViewSpec } from './view.js';

/** How long clients that are behind may take to get all bytes of a session that ended. Then they get its screen. */
const TRIM_MS = 10_000;

/** What a session is from its start on, in the words of its record. */
export type SessionIdentity = Pick<
  SessionRecord,
  'uuid' | 'cmd' | 'args' | 'start_dir' | 'started_at' | 'port'
>;

/** What its owner may change, in the words of its record. */
export type SessionLabels = Pick<SessionRecord, 'name' | 'meta'>;

export interface SessionContext {
  readonly clock: Clock;
  readonly counters: Counters;
  /** Tells all watchers. */
  readonly emit: (event: HostEvent) => void;
  /** The record changed: to be written to disk. */
  readonly save: (record: SessionRecord) => void;
  /** It is `exited` from now on. */
  readonly onEnded: () => void;
}

export class Session implements AttachmentSource {
  readonly identity: SessionIdentity;
  /** Resolves when it is `exited`. */
  readonly finished: Promise<void>;
  readonly #context: SessionContext;
  readonly #activity: Activity;
  readonly #facts: Facts;
  readonly #size: SessionSize;
  readonly #views = new Set<View>();
  #labels: SessionLabels;
  #terminal!: Terminal;
  #live: LiveTerminal | undefined;
  #exit: SessionExit | undefined;
  #historyStart = 0;
  #recorded: Promise<void> = Promise.resolve();
  #title: string | undefined;
  #cwd: string | undefined;
  #modes: SessionModes | undefined;
  #timer: Disposable | undefined;
  #finish: () => void = () => undefined;

  private constructor(
    identity: SessionIdentity,
    labels: SessionLabels,
    policy: SizePolicy,
    context: SessionContext,
  ) {
    this.identity = identity;
    this.#labels = labels;
    this.#context = context;
    this.#size = new SessionSize(context.clock, policy, (size) => this.#resize(size));
    this.#activity = new Activity(context.clock, () => this.#tellActivity());
    this.#facts = new Facts(context.clock, context.counters, context.emit);
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** A session whose command `start` starts. Errors: what `start` gives. */
  static begin(
    spec: { identity: SessionIdentity; labels: SessionLabels; policy: SizePolicy },
    context: SessionContext,
    start: (handlers: LiveTerminalHandlers) => LiveTerminal | HubError,
  ): Session | HubError {
    const session = new Session(spec.identity, spec.labels, spec.policy, context);
    const live = start({
      onOutput: () => session.#output(),
      onFact: (fact) => session.#fact(fact),
      onExit: (exit, past, recorded) => session.#ended(exit, past, recorded),
    });
    if (isHubError(live)) return live;
    session.#live = live;
    session.#terminal = live;
    session.#save();
    return session;
  }

  /** A session that ended before, of which `record` and `past` are left. */
  static recall(record: SessionRecord, past: PastTerminal, context: SessionContext): Session {
    const { uuid, cmd, args, start_dir, started_at, port, name, meta, size_policy } = record;
    const identity = { uuid, cmd, args, start_dir, started_at, port };
    const session = new Session(identity, { name, meta }, size_policy, context);
    session.#terminal = past;
    session.#exit = record.exit;
    session.#historyStart = record.history_offset;
    session.#title = record.title;
    session.#cwd = record.cwd;
    session.#modes = record.modes;
    session.#finish();
    return session;
  }

  get uuid(): string {
    return this.identity.uuid;
  }
  get name(): string | undefined {
    return this.#labels.name;
  }
  /** The terminal of the running command; undefined once it has ended. */
  get live(): LiveTerminal | undefined {
    return this.#live;
  }
  get exit(): SessionExit | undefined {
    return this.#exit;
  }
  get ended(): boolean {
    return this.#live === undefined;
  }
  get start(): number {
    return this.#terminal.start;
  }
  get end(): number {
    return this.#terminal.end;
  }
  get rows(): number {
    return this.#terminal.rows;
  }
  get cols(): number {
    return this.#terminal.cols;
  }
  get sizedAt(): number {
    return this.#terminal.sizedAt;
  }
  read(offset: number, maxBytes: number): Uint8Array {
    return this.#terminal.read(offset, maxBytes);
  }
  snapshot(scrollback: number): Promise<Snapshot> {
    return this.#terminal.snapshot(scrollback);
  }
  screen(scrollback: number): Promise<ScreenText> {
    return this.#terminal.screen(scrollback);
  }

  /** Offset of the first byte that is recorded. */
  get historyStart(): number {
    return this.#live?.historyStart ?? this.#historyStart;
  }

  /** Resolves when all output so far is on disk, or cannot be written. */
  async flushHistory(): Promise<void> {
    await (this.#live?.flushHistory() ?? this.#recorded);
  }

  record(): SessionRecord {
    const { rows, cols, end: offset } = this.#terminal;
    return {
      ...this.identity,
      ...this.#labels,
      state: this.ended ? 'exited' : 'running',
      pid: this.#live?.pid,
      rows,
      cols,
      size_policy: this.#size.policy,
      attached: this.#views.size,
      exit: this.#exit,
      title: this.#title,
      cwd: this.#cwd,
      activity: this.#activity.busy ? 'busy' : 'idle',
      last_output_ms: this.#activity.lastOutputMs,
      modes: this.#modes,
      offset,
      history_offset: this.historyStart,
    };
  }

  /** Sends nothing before the view begins. */
  attach(spec: ViewSpec): View {
    const view = new View(this, spec);
    this.#views.add(view);
    if (spec.size !== undefined && !spec.viewOnly) this.viewChanged(view, spec.size, true);
    this.#updated();
    return view;
  }

  viewChanged(view: View, size: TerminalSize, acted: boolean): void {
    this.#size.view(view, size, acted);
  }

  viewLeft(view: View): void {
    if (!this.#views.delete(view)) return;
    this.#size.left(view);
    this.#updated();
  }

  /** Types into it. Gives the reason if nothing was taken. `by`: whose window counts from now on. */
  type(bytes: Uint8Array, by?: View): 'ended' | 'input_full' | undefined {
    if (this.#live === undefined) return 'ended';
    if (by !== undefined) this.#size.acted(by);
    return this.#live.write(bytes) ? undefined : 'input_full';
  }

  /** Gives it a size that stays. */
  pin(size: TerminalSize): void {
    this.#size.pin(size);
    this.#updated();
    this.#save();
  }

  setPolicy(policy: SizePolicy): void {
    this.#size.setPolicy(policy);
    this.#updated();
    this.#save();
  }

  update(labels: Partial<SessionLabels>): void {
    this.#labels = { ...this.#labels, ...labels };
    this.#updated();
    this.#save();
  }

  /** It is removed: every view ends. */
  remove(): void {
    this.#timer?.dispose();
    for (const view of [...this.#views]) view.end('removed', this.#exit);
    this.#facts.flush();
  }

  #output(): void {
    this.#activity.output();
    for (const view of this.#views) view.pump();
  }

  /** False: it has that size, or none any more. */
  #resize({ rows, cols }: TerminalSize): boolean {
    if (this.#live === undefined || (rows === this.rows && cols === this.cols)) return false;
    this.#live.resize(rows, cols);
    for (const view of this.#views) view.resized(rows, cols);
    const { policy: size_policy } = this.#size;
    this.#facts.emit({ name: 'session.resized', data: { session_uuid: this.uuid, rows, cols, size_policy } });
    this.#save();
    return true;
  }

  #fact(fact: MirrorFact): void {
    if (fact.type === 'title') this.#title = fact.title;
    else if (fact.type === 'cwd') this.#cwd = fact.cwd;
    else if (fact.type === 'modes') this.#modes = fact.modes;
    this.#facts.emit(eventOf(this.uuid, fact));
  }

  /** Tells something that a user should know. */
  trouble(code: string, message: string): void {
    this.#facts.emit({ name: 'session.trouble', data: { session_uuid: this.uuid, code, message } });
  }

  #ended(exit: PtyExit, past: PastTerminal, recorded: Promise<void>): void {
    const { clock, emit, onEnded } = this.#context;
    this.#size.stop();
    this.#activity.stop();
    this.#historyStart = this.#live?.historyStart ?? 0;
    this.#terminal = past;
    this.#recorded = recorded;
    this.#live = undefined;
    const { code, signal } = exit;
    this.#exit = { code, signal, at: new Date(clock.wallMs()).toISOString() };
    this.#facts.flush();
    if (exit.cut)
      this.trouble(
        'session.output_cut',
        'Programs that outlived the command went on writing; not all of that was read.',
      );
    emit({ name: 'session.exited', data: { session_uuid: this.uuid, exit: this.#exit } });
    this.#save();
    for (const view of [...this.#views]) view.pump();
    if (this.#views.size === 0) past.trim();
    else this.#timer = clock.after(TRIM_MS, () => this.#trim(past));
    onEnded();
    this.#finish();
  }

  #trim(past: PastTerminal): void {
    past.trim();
    for (const view of [...this.#views]) view.pump();
  }

  #tellActivity(): void {
    const { busy, lastOutputMs } = this.#activity;
    this.#facts.emit({
      name: 'session.activity',
      data: {
        session_uuid: this.uuid,
        activity: busy ? 'busy' : 'idle',
        last_output_ms: lastOutputMs ?? 0,
        offset: this.end,
      },
    });
  }

  #updated(): void {
    this.#facts.emit({ name: 'session.updated', data: { session: this.record() } });
  }

  #save(): void {
    this.#context.save(this.record());
  }
}
