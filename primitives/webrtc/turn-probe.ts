/**
 * Asks a TURN server for an address and gives it back, to learn what stands in the way: a few messages of RFC 8656, over
 * UDP, TCP or TLS.
 *
 * werift does not tell, needs 13 s to give up on wrong credentials, and leaves its sockets open
 * (docs/decisions/werift.md). So it is only given servers that have just answered here.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect as connectTcp, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { messageOf } from '../../base/errors.js';
import {
  decodeStun,
  encodeStun,
  STUN_HEADER_BYTES,
  type StunAnswer,
  type StunField,
  stunAttributes,
  stunMethods,
} from './stun-message.js';

export interface TurnServer {
  /** `turn:` or `turns:`. */
  readonly url: string;
  readonly username: string;
  readonly credential: string;
}

/** Why a server cannot be used; undefined: it can. */
export type TurnProbe = (server: TurnServer) => Promise<string | undefined>;

/** A phone waits four seconds for the answer to its offer. */
const LIMIT_MS = 2_000;
const AGAIN_MS = 500;

const MAX_ANSWER_BYTES = 4 * 1024;
const UDP = Buffer.of(17, 0, 0, 0);

interface Line {
  send(bytes: Buffer): void;
  close(): void;
}

interface LineListener {
  readonly open: () => void;
  readonly data: (bytes: Buffer) => void;
  readonly failed: (why: string) => void;
}

export const probeTurn: TurnProbe = async (server) => {
  const target = targetOf(server.url);
  if (target === undefined) return 'its address is not understood';
  let late: NodeJS.Timeout | undefined;
  const exchange = new Exchange(target);
  try {
    return await Promise.race([
      ask(exchange, server),
      exchange.failed,
      new Promise<string>((resolve) => {
        late = setTimeout(() => resolve(`it did not answer within ${LIMIT_MS / 1_000} s`), LIMIT_MS);
      }),
    ]);
  } finally {
    clearTimeout(late);
    exchange.close();
  }
};

async function ask(exchange: Exchange, { username, credential }: TurnServer): Promise<string | undefined> {
  const asked = [[stunAttributes.transport, UDP]] as const;
  const first = await exchange.request(stunMethods.allocate, asked);
  if (first.code === 0) return 'it gives addresses to anybody, which is not supported';
  const [realm, nonce] = [first.fields.get(stunAttributes.realm), first.fields.get(stunAttributes.nonce)];
  if (first.code !== 401 || realm === undefined || nonce === undefined) return said(first);
  const key = createHash('md5').update(`${username}:${realm.toString()}:${credential}`).digest();
  const proof = [
    [stunAttributes.username, Buffer.from(username)],
    [stunAttributes.realm, realm],
    [stunAttributes.nonce, nonce],
  ] as const;
  const answer = await exchange.request(stunMethods.allocate, [...asked, ...proof], key);
  if (answer.code === 401) return `it refuses the credentials (${answer.code} ${answer.reason})`;
  if (answer.code !== 0) return said(answer);
  // Given back; no need to wait for the answer.
  void exchange.request(stunMethods.refresh, [[stunAttributes.lifetime, Buffer.alloc(4)], ...proof], key);
  return undefined;
}

function said({ code, reason }: StunAnswer): string {
  return code === 0 ? 'it speaks no TURN' : `it says ${code} ${reason}`;
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp' | 'tls';
}

function targetOf(url: string): Target | undefined {
  const match = /^(turns?):(?:\[([^\]]+)\]|([^:?[\]]+))(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i.exec(url);
  if (match === null) return undefined;
  const [, scheme = '', ipv6, name, port, transport] = match;
  const isTls = scheme.toLowerCase() === 'turns';
  const host = ipv6 ?? name ?? '';
  const number = Number(port ?? (isTls ? 5349 : 3478));
  if (number < 1 || number > 65_535) return undefined;
  return {
    host,
    port: number,
    transport: isTls ? 'tls' : transport?.toLowerCase() === 'tcp' ? 'tcp' : 'udp',
  };
}

/** Requests and their answers, one at a time. */
class Exchange {
  /** Resolves with why the line broke. */
  readonly failed: Promise<string>;
  readonly #line: Line;
  readonly #open: Promise<void>;
  #waiting: { readonly id: Buffer; readonly resolve: (answer: StunAnswer) => void } | undefined;
  #again: NodeJS.Timeout | undefined;
  #received: Buffer = Buffer.alloc(0);

  constructor(target: Target) {
    let opened = (): void => undefined;
    let broken: (why: string) => void = () => undefined;
    this.#open = new Promise((resolve) => {
      opened = resolve;
    });
    this.failed = new Promise((resolve) => {
      broken = resolve;
    });
    const isStream = target.transport !== 'udp';
    this.#line = openLine(target, {
      open: opened,
      failed: (why) => broken(`it cannot be reached: ${why}`),
      data: (bytes) => {
        // In a stream messages come in pieces; as datagrams each is one.
        this.#received = isStream ? Buffer.concat([this.#received, bytes]) : bytes;
        if (this.#received.length > MAX_ANSWER_BYTES) return broken('it speaks no TURN');
        this.#take();
      },
    });
  }

  async request(method: number, fields: readonly StunField[], key?: Buffer): Promise<StunAnswer> {
    await this.#open;
    const id = randomBytes(12);
    const message = encodeStun(method, id, fields, key);
    clearInterval(this.#again);
    this.#line.send(message);
    this.#again = setInterval(() => this.#line.send(message), AGAIN_MS);
    return await new Promise((resolve) => {
      this.#waiting = { id, resolve };
    });
  }

  close(): void {
    clearInterval(this.#again);
    this.#waiting = undefined;
    this.#line.close();
  }

  #take(): void {
    const bytes = this.#received;
    if (bytes.length < STUN_HEADER_BYTES || bytes.length < STUN_HEADER_BYTES + bytes.readUInt16BE(2)) return;
    this.#received = Buffer.alloc(0);
    const waiting = this.#waiting;
    if (waiting === undefined || !bytes.subarray(8, STUN_HEADER_BYTES).equals(waiting.id)) return;
    clearInterval(this.#again);
    this.#waiting = undefined;
    waiting.resolve(decodeStun(bytes));
  }
}

function openLine({ host, port, transport }: Target, listener: LineListener): Line {
  if (transport === 'udp') {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    let isClosed = false;
    socket.on('message', listener.data);
    socket.on('error', (error) => listener.failed(messageOf(error)));
    listener.open();
    return {
      send: (bytes) => {
        if (isClosed) return;
        socket.send(bytes, port, host, (error) => {
          if (error !== null) listener.failed(messageOf(error));
        });
      },
      close: () => {
        isClosed = true;
        socket.close();
      },
    };
  }
  const opened = (): void => listener.open();
  const socket: Socket =
    transport === 'tls'
      ? connectTls({ host, port, servername: host }, opened)
      : connectTcp({ host, port }, opened);
  socket.on('data', listener.data);
  socket.on('error', (error) => listener.failed(messageOf(error)));
  socket.on('close', () => listener.failed('it closed the connection'));
  return { send: (bytes) => void socket.write(bytes), close: () => void socket.end(() => socket.destroy()) };
}
