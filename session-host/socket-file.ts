/**
 * The file of a listening unix socket.
 *
 * It appears at its path as a listening one with mode 0600, and only if nothing is there: it is bound under another
 * name first and linked, so nobody finds a dead or open one and nobody's socket is replaced.
 */
import { chmod, link, unlink } from 'node:fs/promises';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import { HubError } from '../base/errors.js';
import { unlessMissing } from '../system/errno.js';
import { fileMark, isSameFile } from '../system/file-mark.js';

/** Gives the file's mark (file-mark.ts); undefined if somebody replaced it at once. Errors: host.listen_failed. */
export async function publish(server: Server, path: string): Promise<string | undefined> {
  // Not longer than `host.sock`: the path of a socket has a tight limit.
  const draft = join(dirname(path), `h${process.pid}`);
  try {
    await unlessMissing(unlink(draft));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(draft, () => {
        server.off('error', reject);
        resolve();
      });
    });
    await chmod(draft, 0o600);
    const drafted = fileMark(draft);
    await link(draft, path);
    await unlink(draft);
    const published = fileMark(path);
    return isSameFile(drafted, published) ? published : undefined;
  } catch (cause) {
    await unlessMissing(unlink(draft)).catch(() => undefined);
    throw new HubError('host.listen_failed', `Cannot listen on ${path}: ${(cause as Error).message}.`, {
      cause,
    });
  }
}
