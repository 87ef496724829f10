/** All attaches of one hub: which frame and which fact is whose, and what a new connection means to them. */
import type { Clock } from '../../base/clock.js';
import type { Counters } from '../../base/counters.js';
import type { MessageOf } from '../../protocol/messages.js';
import type { TerminalFrame } from '../../protocol/terminal-frames.js';
import { Attachment, type AttachmentHost } from './attachment.js';
import { HOST_LOST, readAttachFact } from './host-facts.js';
import type { HubWire } from './hub-wire.js';
import type { AttachOptions, TerminalAttach, TerminalSink } from './types.js';

export class Attachments implements AttachmentHost {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly #viewOnly: () => boolean;
  readonly #all = new Set<Attachment>();
  readonly #byId = new Map<number, Attachment>();
  #wire: HubWire | undefined;
  /** Numbers are never used again, so that what is late for one attach is not taken for another's. */
  #lastId = 0;

  /** Whether anybody can see the page. */
  visible: boolean;

  constructor(clock: Clock, counters: Counters, viewOnly: () => boolean, visible: boolean) {
    this.visible = visible;
    this.clock = clock;
    this.counters = counters;
    this.#viewOnly = viewOnly;
  }

  get wire(): HubWire | undefined {
    return this.#wire;
  }

  get viewOnly(): boolean {
    return this.#viewOnly();
  }

  attach(sessionUuid: string, sink: TerminalSink, options: AttachOptions): TerminalAttach {
    const attachment = new Attachment(this, sessionUuid, sink, options);
    this.#all.add(attachment);
    return attachment;
  }

  online(wire: HubWire): void {
    this.#wire = wire;
    for (const attachment of [...this.#all]) attachment.online();
  }

  lost(): void {
    this.#wire = undefined;
    for (const attachment of [...this.#all]) attachment.lost();
    this.#byId.clear();
  }

  /** A page that nobody sees is sent nothing, and does not count as somebody who looks. */
  setVisible(visible: boolean): void {
    if (visible === this.visible) return;
    this.visible = visible;
    for (const attachment of [...this.#all]) {
      if (visible) attachment.online();
      else attachment.suspend();
    }
  }

  terminal(frame: TerminalFrame): void {
    const attachment = this.#byId.get(frame.attach);
    if (attachment !== undefined) attachment.frame(frame);
    // On its way when the attach was left.
    else this.counters.add('link.frame_late');
  }

  event(event: MessageOf<'event'>): void {
    if (event.name === HOST_LOST) {
      for (const attachment of [...this.#byId.values()]) attachment.again();
      return;
    }
    const fact = readAttachFact(event);
    if (fact !== undefined) this.#byId.get(fact.data.attach)?.fact(fact);
  }

  claim(attachment: Attachment): number {
    const id = ++this.#lastId;
    this.#byId.set(id, attachment);
    return id;
  }

  release(id: number): void {
    this.#byId.delete(id);
  }

  forget(attachment: Attachment): void {
    this.#all.delete(attachment);
  }
}
