/** A device as a browser would be one: the protocol by hand, so that nothing of the hub's client is tested with itself. */
import { onTestFinished } from 'vitest';
import { clientSocketClass, type Socket } from '../../../system/websocket.js';
import { until } from '../../support/until.js';

interface Said {
  readonly type?: string;
  readonly identifier?: string;
  readonly message?: unknown;
}

export class Device {
  readonly said: Said[] = [];
  closed = false;
  readonly #socket: Socket;

  constructor(url: string, origin?: string) {
    const own = `http://${new URL(url).host}`;
    const socketClass = clientSocketClass({
      maxMessageBytes: 100_000,
      handshakeMs: 10_000,
      origin: origin ?? own,
    });
    this.#socket = new socketClass(url, ['actioncable-v1-json']);
    this.#socket.on('message', (data: Buffer) => this.said.push(JSON.parse(data.toString()) as Said));
    this.#socket.on('close', () => {
      this.closed = true;
    });
    onTestFinished(() => this.#socket.terminate());
  }

  /** Resolves when the server answered: whether it confirmed. */
  async subscribe(params: object): Promise<boolean> {
    const identifier = JSON.stringify(params);
    await until(() => this.said.some(({ type }) => type === 'welcome'));
    this.#socket.send(JSON.stringify({ command: 'subscribe', identifier }));
    const answer = await until(() =>
      this.said.find((one) => one.identifier === identifier && one.type !== undefined),
    );
    return answer.type === 'confirm_subscription';
  }

  perform(params: object, data: object): void {
    const identifier = JSON.stringify(params);
    this.#socket.send(JSON.stringify({ command: 'message', identifier, data: JSON.stringify(data) }));
  }

  /** The messages of channels, so far. */
  get heard(): unknown[] {
    return this.said.flatMap(({ type, identifier, message }) =>
      type === undefined && identifier !== undefined ? [message] : [],
    );
  }
}
