/**
 * Writes a session's output to stdout, byte for byte, no faster than stdout takes it.
 */
import { HubError } from '../../../base/errors.js';
import type { HubIdentity } from '../../../primitives/context.js';
import { QueryFilter } from '../../../protocol/query-filter.js';
import type { HubClient } from '../connect.js';
import { EXIT } from '../exit.js';
import type { Terminal } from '../terminal.js';
import { SessionStream } from './session-stream.js';
import { withSessions } from './sessions.js';

interface OutputView {
  readonly id: string;
  /** Default: the oldest byte there is. */
  readonly since: number | undefined;
  readonly follow: boolean;
  readonly terminal: Terminal;
}

/** Resolves with the exit status. Errors: session.*, and hub.connection_lost saying how to go on. */
export async function showOutput(identity: HubIdentity, view: OutputView): Promise<number> {
  const { id, since, follow, terminal } = view;
  const filter = terminal.isTty.out ? new QueryFilter() : undefined;
  const write = (bytes: Uint8Array): Promise<void> => terminal.writeBytes(filter?.push(bytes) ?? bytes);
  const onHole = (from: number, to: number): void =>
    terminal.err(`botster: bytes ${from} to ${to} are no longer kept\n`);
  if (!follow) {
    await withSessions(identity, ({ client }) => copyHistory(client, { id, since, write, onHole }));
    return EXIT.ok;
  }
  const stream = new SessionStream({ since: since ?? 'oldest', onBytes: write, onHole });
  try {
    await withSessions(identity, (connection) => stream.run(connection, id), stream.listeners);
    return EXIT.ok;
  } catch (thrown) {
    if (!(thrown instanceof HubError) || thrown.code !== 'hub.connection_lost') throw thrown;
    throw new HubError(
      'hub.connection_lost',
      `The hub went away. The session goes on; so can this: --since ${stream.position ?? 0}.`,
      { cause: thrown },
    );
  }
}

interface Copy extends Pick<OutputView, 'id' | 'since'> {
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly onHole: (from: number, to: number) => void;
}

/** Up to the byte that was the last when it began. */
async function copyHistory(client: HubClient, { id, since, write, onHole }: Copy): Promise<void> {
  let position = since;
  let end: number | undefined;
  while (end === undefined || (position ?? 0) < end) {
    const piece = await client.request(
      'session.history',
      position === undefined ? { id } : { id, since: position },
    );
    end ??= piece.end;
    const bytes = Buffer.from(piece.data_base64, 'base64');
    if (bytes.length === 0) return;
    if (position !== undefined && piece.offset > position) onHole(position, piece.offset);
    await write(bytes.subarray(0, Math.max(0, end - piece.offset)));
    position = piece.offset + bytes.length;
  }
}
