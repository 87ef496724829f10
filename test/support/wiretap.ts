/**
 * What travels between a page and its hub, from below the app: each message that comes is kept, and anything can be sent past
 * the app, as somebody would who wrote a page of his own with the device's keys.
 */
import type { BrowserContext, Page } from 'playwright-core';
import { type Frame, FrameReader, frameTypes } from '../../protocol/frames.js';
import { decodeMessage, encodeMessage, errorFromWire, type MessageOf } from '../../protocol/messages.js';
import { BYTES_CHANNEL, CONTROL_CHANNEL } from '../../protocol/peers.js';
import {
  decodeTerminalFrame,
  encodeTerminalFrame,
  type TerminalFrame,
} from '../../protocol/terminal-frames.js';

/** In the page, before the app: remembers the channels of the newest connection and what they brought. */
const TAP = `(() => {
  globalThis.tap = { channels: {}, came: {} };
  const original = RTCPeerConnection.prototype.createDataChannel;
  RTCPeerConnection.prototype.createDataChannel = function (label, ...more) {
    const channel = original.call(this, label, ...more);
    const came = [];
    tap.channels[label] = channel;
    tap.came[label] = came;
    channel.addEventListener("message", ({ data }) => came.push(new Uint8Array(data)));
    return channel;
  };
})()`;

const heard = ['hello', 'response', 'event', 'error', 'dc_pong', 'dc_ping'] as const;

/** Far from the numbers that the app gives. */
let lastId = 1_000_000;

export class Wiretap {
  readonly #page: Page;

  /** Before the page is opened. */
  static async install(context: BrowserContext): Promise<void> {
    await context.addInitScript(TAP);
  }

  constructor(page: Page) {
    this.#page = page;
  }

  /** Everything that came over the connection that stands, in the order of its channels. */
  async frames(): Promise<Frame[]> {
    const frames: Frame[] = [];
    for (const label of [CONTROL_CHANNEL, BYTES_CHANNEL]) {
      const encoded: string[] = await this.#page.evaluate(
        `tap.came[${JSON.stringify(label)}].map((bytes) => btoa(String.fromCharCode(...bytes)))`,
      );
      const reader = new FrameReader();
      for (const text of encoded)
        reader.push(Buffer.from(text, 'base64'), ({ type, payload }) =>
          frames.push({ type, payload: Uint8Array.from(payload) }),
        );
    }
    return frames;
  }

  async messages(): Promise<MessageOf<(typeof heard)[number]>[]> {
    return (await this.frames())
      .filter(({ type }) => type === frameTypes.message)
      .map(({ payload }) => decodeMessage(payload, heard));
  }

  /** Output and snapshots. */
  async terminalFrames(): Promise<TerminalFrame[]> {
    return (await this.frames())
      .filter(({ type }) => type !== frameTypes.message)
      .map(({ type, payload }) => decodeTerminalFrame(type, payload));
  }

  /** Asks the hub past the app. Gives the error's code, or `ok`. */
  async codeOf(method: string, params: object): Promise<string> {
    const id = ++lastId;
    await this.#send(encodeMessage({ type: 'request', id, method, params: params as never }));
    for (;;) {
      for (const message of await this.messages()) {
        if (message.type !== 'response' || message.id !== id) continue;
        return message.ok ? 'ok' : errorFromWire(message.error!).code;
      }
    }
  }

  async input(attach: number, text: string): Promise<void> {
    await this.#send(encodeTerminalFrame({ type: 'input', attach, bytes: Buffer.from(text) }));
  }

  async #send(bytes: Uint8Array): Promise<void> {
    await this.#page.evaluate(`tap.channels[${JSON.stringify(CONTROL_CHANNEL)}].send(
      Uint8Array.from(atob("${Buffer.from(bytes).toString('base64')}"), (letter) => letter.charCodeAt(0)))`);
  }
}
