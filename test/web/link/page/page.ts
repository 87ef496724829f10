/** A page without a UI: the engine, and terminals that keep what they are shown as text. For browser.test.ts. */
import { openHubs } from '../../../../web/link/open.js';
import type { Hub, HubNotice, Hubs, TerminalAttach } from '../../../../web/link/types.js';

interface Shown {
  text: string;
  bytes: number;
  readonly notes: string[];
  readonly attach: TerminalAttach;
}

class TestPage {
  readonly shown = new Map<string, Shown>();
  readonly notices: HubNotice[] = [];
  #hubs: Hubs | undefined;

  async open(): Promise<void> {
    this.#hubs = await openHubs();
    const listen = (): void => {
      for (const hub of this.#hubs?.list.value ?? []) hub.onNotice((notice) => this.notices.push(notice));
    };
    this.#hubs.list.subscribe(listen);
    listen();
  }

  async pair(code: string): Promise<string> {
    return (await this.#opened.pair(code, 'test browser')).address;
  }

  get hub(): Hub {
    const [hub] = this.#opened.list.value;
    if (hub === undefined) throw new Error('not paired');
    return hub;
  }

  async forget(): Promise<void> {
    await this.#opened.forget(this.hub);
  }

  attach(uuid: string): void {
    const shown: Omit<Shown, 'attach'> = { text: '', bytes: 0, notes: [] };
    const decoder = new TextDecoder();
    const attach = this.hub.attach(
      uuid,
      {
        snapshot: ({ bytes }) => {
          Object.assign(shown, { text: decoder.decode(bytes) });
          shown.notes.push('snapshot');
        },
        output: (bytes, done) => {
          shown.text = (shown.text + decoder.decode(bytes)).slice(-100_000);
          shown.bytes += bytes.length;
          done();
        },
        resized: (rows, cols) => void shown.notes.push(`resized ${cols}x${rows}`),
        status: (status) => void shown.notes.push(status),
        ended: (reason) => void shown.notes.push(`ended ${reason}`),
        refused: (reason) => void shown.notes.push(`refused ${reason}`),
      },
      { size: { rows: 30, cols: 100 } },
    );
    this.shown.set(uuid, Object.assign(shown, { attach }));
  }

  get #opened(): Hubs {
    if (this.#hubs === undefined) throw new Error('not open');
    return this.#hubs;
  }
}

const testPage = new TestPage();

export type { TestPage };

Object.assign(globalThis, { testPage });
