/** What runs in the browser: the web client's engine without a UI, with stop watches. Talked to by browser.ts. */
import { encodeMessage } from '../../protocol/messages.js';
import { openHubs } from '../../web/link/open.js';
import type { Hub, TerminalAttach } from '../../web/link/types.js';

/** The numbers of this page's own pings; the engine's begin at 1. */
const FIRST_PING = 1_000_000;
const PONG = /"type":"dc_pong","id":(\d+)/;

interface Shown {
  readonly attach: TerminalAttach;
  bytes: number;
  snapshots: number;
  tail: string;
  look: () => void;
  /** What comes is of now, and what is typed arrives. */
  live: boolean;
}

class BenchPage {
  readonly #shown = new Map<string, Shown>();
  readonly #pings = new Map<number, { readonly sentMs: number; readonly done: (ms: number) => void }>();
  #lastPing = FIRST_PING;
  #control: RTCDataChannel | undefined;
  #hub: Hub | undefined;

  get hub(): Hub {
    if (this.#hub === undefined) throw new Error('not paired');
    return this.#hub;
  }

  /** Pairs; resolves when the hub is online. */
  async pair(code: string): Promise<void> {
    const keep = (channel: RTCDataChannel): void => this.#keep(channel);
    globalThis.RTCPeerConnection = class extends RTCPeerConnection {
      override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
        const channel = super.createDataChannel(label, options);
        if (label === 'control') keep(channel);
        return channel;
      }
    };
    const hubs = await openHubs();
    this.#hub = await hubs.pair(code, 'bench');
    await this.online();
  }

  /** Resolves when the hub is online. */
  async online(): Promise<void> {
    const { state } = this.hub;
    if (state.value.kind === 'online') return;
    await new Promise<void>((resolve) => {
      const stop = state.subscribe(({ kind }) => {
        if (kind !== 'online') return;
        stop();
        resolve();
      });
    });
  }

  async start(cmd: string, args: readonly string[]): Promise<string> {
    const made = await this.hub.request('agent.new', {
      in_place: true,
      cmd,
      args: [...args],
      rows: 40,
      cols: 120,
    });
    return made.session_uuid;
  }

  /** Milliseconds until the session's screen is there. */
  async attach(uuid: string, reads = true): Promise<number> {
    const startMs = performance.now();
    const decoder = new TextDecoder('latin1');
    return await new Promise((resolve) => {
      const shown: Omit<Shown, 'attach'> = {
        bytes: 0,
        snapshots: 0,
        tail: '',
        look: () => undefined,
        live: false,
      };
      const take = (bytes: Uint8Array): void => {
        shown.bytes += bytes.length;
        shown.tail = (shown.tail + decoder.decode(bytes)).slice(-4_096);
        shown.look();
      };
      const attach = this.hub.attach(
        uuid,
        {
          snapshot: ({ bytes }) => {
            shown.snapshots++;
            take(bytes);
          },
          output: (bytes, done) => {
            take(bytes);
            if (reads) done();
          },
          resized: () => undefined,
          status: (status) => {
            shown.live = status === 'live';
            if (shown.live) resolve(performance.now() - startMs);
            shown.look();
          },
          ended: () => undefined,
          refused: () => undefined,
        },
        {},
      );
      this.#shown.set(uuid, Object.assign(shown, { attach }));
    });
  }

  hide(uuid: string): void {
    this.#shown.get(uuid)?.attach.hide();
  }

  close(uuid: string): void {
    this.#shown.get(uuid)?.attach.close();
    this.#shown.delete(uuid);
  }

  received(uuid: string): { readonly bytes: number; readonly snapshots: number } {
    const { bytes, snapshots } = this.#get(uuid);
    return { bytes, snapshots };
  }

  type(uuid: string, text: string): void {
    this.#get(uuid).attach.type(text);
  }

  /** Resolves when what is typed into the session arrives. */
  async live(uuid: string): Promise<void> {
    const shown = this.#get(uuid);
    await new Promise<void>((resolve) => {
      shown.look = () => {
        if (shown.live) resolve();
      };
      shown.look();
    });
  }

  /** Resolves when the session has printed `text`; what came before counts. */
  async until(uuid: string, text: string): Promise<void> {
    const shown = this.#get(uuid);
    await new Promise<void>((resolve) => {
      shown.look = () => {
        if (shown.tail.includes(text)) resolve();
      };
      shown.look();
    });
  }

  /** Milliseconds from each key to its echo. */
  async echo(uuid: string, count: number, pauseMs: number): Promise<number[]> {
    const shown = this.#get(uuid);
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const key = 'QXZWVK'[i % 6] as string;
      shown.tail = '';
      const startMs = performance.now();
      this.type(uuid, key);
      await this.until(uuid, key);
      times.push(performance.now() - startMs);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return times;
  }

  /** Milliseconds from each ping to its pong, one every `everyMs`; those without an answer for 10 s are Infinity. */
  async pings(count: number, everyMs: number): Promise<number[]> {
    const all: Promise<number>[] = [];
    for (let i = 0; i < count; i++) {
      all.push(this.#ping());
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    return await Promise.all(all);
  }

  #ping(): Promise<number> {
    const id = ++this.#lastPing;
    return new Promise((resolve) => {
      this.#pings.set(id, { sentMs: performance.now(), done: resolve });
      this.#control?.send(encodeMessage({ type: 'dc_ping', id }).slice());
      setTimeout(() => resolve(Number.POSITIVE_INFINITY), 10_000);
    });
  }

  #keep(channel: RTCDataChannel): void {
    this.#control = channel;
    const decoder = new TextDecoder('latin1');
    channel.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
      const id = Number(PONG.exec(decoder.decode(data))?.[1]);
      const ping = this.#pings.get(id);
      if (ping === undefined) return;
      this.#pings.delete(id);
      ping.done(performance.now() - ping.sentMs);
    });
  }

  #get(uuid: string): Shown {
    const shown = this.#shown.get(uuid);
    if (shown === undefined) throw new Error(`not attached to ${uuid}`);
    return shown;
  }
}

/** A data channel to a bare peer, which sends back what it gets. */
class BarePage {
  readonly connection = new RTCPeerConnection();
  readonly #channel = this.connection.createDataChannel('echo');

  async offer(): Promise<string> {
    await this.connection.setLocalDescription(await this.connection.createOffer());
    if (this.connection.iceGatheringState !== 'complete')
      await new Promise<void>((resolve) => {
        this.connection.onicegatheringstatechange = () => {
          if (this.connection.iceGatheringState === 'complete') resolve();
        };
      });
    return this.connection.localDescription?.sdp ?? '';
  }

  async answer(sdp: string): Promise<void> {
    await this.connection.setRemoteDescription({ type: 'answer', sdp });
    if (this.#channel.readyState !== 'open')
      await new Promise<void>((resolve) => {
        this.#channel.onopen = () => resolve();
      });
  }

  async pings(count: number, pauseMs: number): Promise<number[]> {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const startMs = performance.now();
      await new Promise<void>((resolve) => {
        this.#channel.onmessage = () => resolve();
        this.#channel.send('Q');
      });
      times.push(performance.now() - startMs);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return times;
  }
}

export type { BarePage, BenchPage };

Object.assign(globalThis, { benchPage: new BenchPage(), barePage: new BarePage() });
