/** A terminal that notes what it is shown, and takes output when it is told to. */
import type { TerminalSink } from '../../../../web/link/types.js';

export class FakeTerminal implements TerminalSink {
  /** All it was told, in order. */
  readonly heard: string[] = [];
  /** What would be on the screen: snapshots begin anew. */
  text = '';
  readonly waiting: (() => void)[] = [];
  /** Takes output at once. */
  quick = true;

  snapshot({ rows, cols, bytes }: { rows: number; cols: number; bytes: Uint8Array }): void {
    this.text = new TextDecoder().decode(bytes);
    this.heard.push(`snapshot ${cols}x${rows} ${this.text}`);
  }

  output(bytes: Uint8Array, done: () => void): void {
    const text = new TextDecoder().decode(bytes);
    this.text += text;
    this.heard.push(`output ${text.length > 20 ? text.length : text}`);
    if (this.quick) done();
    else this.waiting.push(done);
  }

  resized(rows: number, cols: number): void {
    this.heard.push(`resized ${cols}x${rows}`);
  }

  status(status: 'waiting' | 'live'): void {
    this.heard.push(status);
  }

  ended(reason: 'exited' | 'removed'): void {
    this.heard.push(`ended ${reason}`);
  }

  refused(reason: string): void {
    this.heard.push(`refused ${reason}`);
  }

  /** Takes what waits. */
  take(): void {
    for (const done of this.waiting.splice(0)) done();
  }
}

/** A record of a running session with `offset` bytes of output. */
export function sessionRecord(uuid: string, offset = 0, more: object = {}): object {
  return {
    uuid,
    state: 'running',
    cmd: 'sh',
    args: [],
    start_dir: '/',
    rows: 24,
    cols: 80,
    size_policy: 'latest',
    attached: 0,
    started_at: '2026-01-01T00:00:00Z',
    activity: 'idle',
    offset,
    history_offset: 0,
    meta: {},
    ...more,
  };
}
