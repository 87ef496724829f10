/**
 * A connection of the command line to the hub of a repository.
 *
 * Talks only to a socket in a folder that nobody else can write to, else any user could pose as the hub. A hub that
 * does not greet in time is reported as stuck, not waited for.
 */
import { createConnection, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { fail, type HubError } from '../../base/errors.js';
import type { HubIdentity } from '../../primitives/context.js';
import { Client, type ClientOptions } from '../../protocol/client.js';
import { hostMethods } from '../../protocol/host-methods.js';
import type { Hello } from '../../protocol/messages.js';
import { methods } from '../../protocol/methods.js';
import { PROTOCOL_VERSION, versionMismatch } from '../../protocol/version.js';
import { checkPrivateDir } from '../../system/private-dir.js';

/** A busy hub greets from a thread of its own, so this is long. */
export const GREETING_MS = 5_000;

/** A hub answers for its session host too. */
const hubAndHostMethods = { ...methods, ...hostMethods };
export type HubClient = Client<typeof hubAndHostMethods>;

export interface HubConnection {
  readonly client: HubClient;
  readonly hello: Hello;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly close: () => void;
}

/** What else a connection is for, besides requests. */
export type Listeners = Pick<ClientOptions<typeof hubAndHostMethods>, 'onEvent' | 'onTerminal'>;

export interface ConnectOptions extends Listeners {
  /** Default GREETING_MS. */
  readonly greetingMs?: number;
}

/** Errors: hub.not_running, hub.unresponsive, hub.unsafe_directory, and those of HubClient.greeted. */
export async function connectToHub(
  identity: HubIdentity,
  { greetingMs = GREETING_MS, ...listeners }: ConnectOptions = {},
): Promise<HubConnection> {
  checkSocketDir(identity);
  const socket = await openSocket(identity);
  const client: HubClient = new Client({
    methods: hubAndHostMethods,
    hello: { protocol_version: PROTOCOL_VERSION, client: 'cli', version: identity.version },
    mismatch: versionMismatch,
    serverName: 'hub',
    send: (bytes) => void socket.write(bytes),
    close: () => void socket.end(),
    ...listeners,
  });
  socket.on('data', (chunk) => client.receive(chunk));
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      client.closed();
      resolve();
    });
  });
  socket.on('error', () => undefined);
  const timer = setTimeout(() => socket.destroy(unresponsive(identity)), greetingMs);
  try {
    const hello = await client.greeted;
    return { client, hello, closed, close: () => void socket.end() };
  } catch (thrown) {
    socket.destroy();
    if (socket.errored !== null && 'code' in socket.errored && socket.errored.code === 'hub.unresponsive') {
      throw socket.errored;
    }
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}

/** Connects, calls `use`, and disconnects, also after a failure. */
export async function withHub<T>(
  identity: HubIdentity,
  use: (connection: HubConnection) => Promise<T>,
  listeners: Listeners = {},
): Promise<T> {
  const connection = await connectToHub(identity, listeners);
  try {
    return await use(connection);
  } finally {
    connection.close();
  }
}

export function notRunning(identity: HubIdentity): HubError<'hub.not_running'> {
  return fail(
    'hub.not_running',
    `No hub is running for ${identity.repoRoot}. Start it with "botster start".`,
    {
      repo: identity.repoRoot,
    },
  );
}

function checkSocketDir(identity: HubIdentity): void {
  try {
    checkPrivateDir(dirname(identity.socketPath));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw notRunning(identity);
    throw error;
  }
}

function openSocket(identity: HubIdentity): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(identity.socketPath);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const gone = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      if (gone) reject(notRunning(identity));
      else
        reject(
          fail('hub.unreachable', `Cannot connect to the hub at ${identity.socketPath}: ${error.message}.`),
        );
    });
  });
}

export function unresponsive(identity: HubIdentity): HubError<'hub.unresponsive'> {
  return fail(
    'hub.unresponsive',
    `The hub for ${identity.repoRoot} accepts connections but does not answer. Look at "botster logs"; if it stays ` +
      'stuck, end it with "botster stop --force".',
  );
}
