import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { connectToHub, withHub } from '../../../hub/cli/connect.js';
import type { HubIdentity } from '../../../primitives/context.js';
import { encodeMessage, type Message } from '../../../protocol/messages.js';
import { PROTOCOL_VERSION } from '../../../protocol/version.js';
import { tempDir } from '../../support/temp-repo.js';

function makeIdentity(): HubIdentity {
  const stateDir = join(tempDir(), 'state');
  mkdirSync(stateDir, { mode: 0o700 });
  return {
    repoRoot: '/srv/app',
    stateDir,
    socketPath: join(stateDir, 'hub.sock'),
    hostSocketPath: join(stateDir, 'host.sock'),
    version: '0.1.0',
  } as HubIdentity;
}

/** Something that listens at a hub's socket and says this, and no more. */
async function impostor(identity: HubIdentity, ...says: readonly (Message | Uint8Array)[]): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.resume();
    for (const message of says)
      socket.write(message instanceof Uint8Array ? message : encodeMessage(message));
    onTestFinished(() => void socket.destroy());
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(identity.socketPath, resolve));
  return server;
}

const hello: Message = {
  type: 'hello',
  protocol_version: PROTOCOL_VERSION,
  client: 'hub',
  version: '0.1.0',
  pid: 7,
};

it('says that no hub runs: no folder, no socket, a dead socket', async () => {
  const identity = makeIdentity();
  const nowhere = { ...identity, socketPath: join(identity.stateDir, 'no/hub.sock') };
  for (const where of [identity, nowhere]) {
    await expect(connectToHub(where)).rejects.toMatchObject({
      code: 'hub.not_running',
      message: 'No hub is running for /srv/app. Start it with "botster start".',
    });
  }
  writeFileSync(identity.socketPath, '');
  await expect(connectToHub(identity)).rejects.toMatchObject({ code: 'hub.not_running' });
});

it('does not talk to a socket in a folder that others can write to', async () => {
  const identity = makeIdentity();
  await impostor(identity, hello);
  chmodSync(identity.stateDir, 0o777);
  await expect(connectToHub(identity)).rejects.toMatchObject({ code: 'hub.unsafe_directory' });
});

it('does not wait for a hub that accepts and says nothing', async () => {
  const identity = makeIdentity();
  await impostor(identity);
  await expect(connectToHub(identity, { greetingMs: 20 })).rejects.toMatchObject({
    code: 'hub.unresponsive',
  });
});

it('understands a hub of another version, and one that is no hub', async () => {
  const other = makeIdentity();
  await impostor(other, { ...hello, protocol_version: 99, version: '9.0' });
  await expect(connectToHub(other)).rejects.toMatchObject({ code: 'protocol.version_mismatch' });
  const web = makeIdentity();
  await impostor(web, Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await expect(connectToHub(web)).rejects.toMatchObject({ code: 'protocol.frame_too_large' });
});

it('hangs up afterwards, also after a failure', async () => {
  const identity = makeIdentity();
  const server = await impostor(identity, hello);
  const gone = new Promise<void>((resolve) =>
    server.on('connection', (socket) => socket.on('end', () => resolve())),
  );
  const failing = withHub(identity, ({ hello: { pid } }) => Promise.reject(new Error(`pid ${pid}`)));
  await expect(failing).rejects.toThrow('pid 7');
  await gone;
});
