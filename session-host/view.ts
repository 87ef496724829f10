/**
 * One attach: the cursor over the session's bytes, and what its client may do to the session.
 *
 * A fault while it is served (a bug of ours) closes its connection and touches nobody else.
 */
import type { HostEvent } from '../protocol/host-events.js';
import type { SessionExit } from '../protocol/session.js';
import { Attachment, type AttachmentSink } from './attachment.js';
import type { Session } from './session.js';
import type { TerminalSize } from './size-policy.js';

/** The connection of an attach. */
export interface ViewSink extends Pick<AttachmentSink, 'writable' | 'send'> {
  event(event: HostEvent): void;
  /** The attach is over by itself: forget it. */
  ended(attach: number): void;
  /** Something went wrong that should not: the client had better begin anew. */
  broken(thrown: unknown): void;
}

export interface ViewSpec {
  readonly id: number;
  readonly sink: ViewSink;
  /** What the client has already: the next byte it needs. */
  readonly offset?: number;
  readonly credit: number;
  readonly scrollback: number;
  readonly lagBytes?: number;
  /** The client's own, if it has a say. */
  readonly size?: TerminalSize;
  readonly viewOnly: boolean;
}

export class View {
  readonly session: Session;
  readonly viewOnly: boolean;
  readonly #id: number;
  readonly #sink: ViewSink;
  readonly #attachment: Attachment;
  #size: TerminalSize | undefined;
  #detached = false;

  /** Sends nothing before `begin`. */
  constructor(session: Session, spec: ViewSpec) {
    const { id, sink, viewOnly, size } = spec;
    this.session = session;
    this.viewOnly = viewOnly;
    this.#id = id;
    this.#sink = sink;
    this.#size = size;
    this.#attachment = new Attachment({
      ...spec,
      source: session,
      sink: {
        get writable() {
          return sink.writable;
        },
        send: (frame) => sink.send(frame),
        sendSize: (attach, rows, cols) =>
          sink.event({ name: 'attach.resized', data: { attach, rows, cols } }),
      },
      onComplete: () => this.end('exited', session.exit),
      onFault: (thrown) => this.#broken(thrown),
    });
  }

  /** The client knows of the attach. */
  begin(): void {
    this.#safely(() => this.#attachment.begin());
  }

  /** Sends what there is to send. */
  pump(): void {
    // Each chunk of output comes here: no closure.
    try {
      this.#attachment.pump();
    } catch (thrown) {
      this.#broken(thrown);
    }
  }

  grant(bytes: number): void {
    this.#safely(() => this.#attachment.grant(bytes));
  }

  /** The session took on another size. */
  resized(rows: number, cols: number): void {
    this.#safely(() => this.#attachment.resized(rows, cols));
  }

  /** The client typed. */
  input(bytes: Uint8Array): void {
    const reason = this.viewOnly ? 'view_only' : this.session.type(bytes, this);
    if (reason === undefined) return;
    this.#sink.event({
      name: 'attach.input_refused',
      data: { attach: this.#id, bytes_count: bytes.length, reason },
    });
  }

  /** The client's window changed, or was focused. What is not given stays. */
  look({ rows = this.#size?.rows, cols = this.#size?.cols }: Partial<TerminalSize>, focused: boolean): void {
    if (this.viewOnly || rows === undefined || cols === undefined) return;
    this.#size = { rows, cols };
    this.session.viewChanged(this, this.#size, focused);
  }

  /** The client has enough. */
  detach(): void {
    this.#close();
  }

  /** The session has. */
  end(reason: 'exited' | 'removed', exit: SessionExit | undefined): void {
    if (this.#detached) return;
    this.#close();
    this.#sink.ended(this.#id);
    this.#sink.event({
      name: 'attach.ended',
      data: { attach: this.#id, reason, ...(exit === undefined ? {} : { exit }) },
    });
  }

  #close(): void {
    if (this.#detached) return;
    this.#detached = true;
    this.#attachment.close();
    this.session.viewLeft(this);
  }

  #safely(job: () => void): void {
    try {
      job();
    } catch (thrown) {
      this.#broken(thrown);
    }
  }

  #broken(thrown: unknown): void {
    this.#close();
    this.#sink.broken(thrown);
  }
}
