/**
 * The checks of `botster doctor`, in the order shown.
 *
 * Each check looks at one thing a hub needs and says what to do about it. They try things rather than guess: the
 * socket is really bound, Lua is really started. None changes a setting.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { release } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../base/errors.js';
import { ensurePrivateDir } from '../../system/private-dir.js';
import { probeSocket } from '../../system/socket-probe.js';
import { findRunningHub, prepareFolders } from '../instance-lock.js';
import { dataDirOf, MAX_SOCKET_PATH_BYTES } from '../paths.js';
import { agentsCheck } from './doctor-agents.js';
import { type Check, failed, isVersionAtLeast, ok, warn } from './doctor-check.js';
import { clipboardCheck, relayCheck, webPageCheck } from './doctor-web.js';

const MIN_NODE = [20, 19];
const MIN_GIT = [2, 31];
/** A hub, its workers, 100 sessions with their clients, and the files of their worktrees being watched. */
const MIN_OPEN_FILES = 4_096;
/** What V8 reserves for each Lua engine to guard its memory. Costs no memory, but counts for `ulimit -v`. */
const VIRTUAL_BYTES_PER_ENGINE = 10 * 2 ** 30;
const ENGINES = 20;
/** One for each folder of a few big checkouts. */
const MIN_WATCHES = 65_536;
const MIN_FREE_BYTES = 500 * 2 ** 20;
const SESSION_CHECK_MS = 10_000;

const nodeCheck: Check = {
  name: 'node',
  run: () => {
    const version = process.versions.node;
    if (isVersionAtLeast(version, MIN_NODE)) return ok(`${version} at ${process.execPath}`);
    return failed(
      `${version} is older than ${MIN_NODE.join('.')}`,
      'install a newer one from https://nodejs.org, or with a version manager: nvm install 22',
    );
  },
};

const gitCheck: Check = {
  name: 'git',
  run: async () => {
    const install = 'Debian: sudo apt install git; macOS: xcode-select --install, or brew install git';
    const output = await outputOf('git', ['--version']);
    const version = /(\d+\.\d+(\.\d+)?)/.exec(output ?? '')?.[1];
    if (version === undefined) return failed('git is not installed, or not in PATH', install);
    return isVersionAtLeast(version, MIN_GIT)
      ? ok(version)
      : failed(`${version} is older than ${MIN_GIT.join('.')}`, install);
  },
};

const repositoryCheck: Check = {
  name: 'repository',
  run: async ({ hub }) => {
    if (hub instanceof Error)
      return warn(hub.message, 'run "botster doctor" in the repository that you mean');
    const running = await findRunningHub(hub);
    return ok(
      running === undefined
        ? `${hub.repoRoot}, no hub running`
        : `${hub.repoRoot}, hub runs as pid ${running.pid}`,
    );
  },
};

const toolchainCheck: Check = {
  name: 'toolchain',
  run: () => ok('no compiler needed: native parts come compiled'),
};

const sessionsCheck: Check = {
  name: 'sessions',
  run: async () => {
    const script = fileURLToPath(new URL('../../session-host/check.js', import.meta.url));
    const startedMs = performance.now();
    const problem = await new Promise<string | undefined>((resolve) => {
      execFile(process.execPath, [script], { timeout: SESSION_CHECK_MS }, (error, stdout, stderr) => {
        if (error === null) resolve(undefined);
        else resolve(stdout.trim() || stderr.trim() || error.message);
      });
    });
    if (problem === undefined) {
      return ok(`a command ran in a terminal of its own, ${Math.ceil(performance.now() - startedMs)} ms`);
    }
    return failed(
      problem,
      'install the packages again on this machine: npm ci. On a system without glibc (Alpine) use one that has it, ' +
        'for example the container image node:22-bookworm-slim',
    );
  },
};

const dataCheck: Check = {
  name: 'data folder',
  run: ({ env, hub }) => {
    const dataDir = hub instanceof Error ? dataDirOf(env) : hub.dataDir;
    ensurePrivateDir(hub instanceof Error ? join(dataDir, 'hubs') : hub.stateDir);
    accessSync(dataDir, constants.W_OK);
    const { bavail, bsize } = statfsSync(dataDir);
    const free = `${Math.round((bavail * bsize) / 2 ** 20)} MB free`;
    if (bavail * bsize >= MIN_FREE_BYTES) return ok(`${dataDir}, ${free}`);
    return warn(
      `${dataDir} has only ${free}`,
      'make room, or set BOTSTER_DATA_DIR to a folder on another disk',
    );
  },
};

const socketCheck: Check = {
  name: 'socket',
  run: async ({ hub }) => {
    if (hub instanceof Error) return ok('not tried outside of a repository');
    prepareFolders(hub);
    const folder = dirname(hub.socketPath);
    // Not longer than the real one, so that it fits where that fits.
    const path = join(folder, `d${process.pid}`);
    try {
      await tryToListen(path);
    } catch (error) {
      return failed(
        `cannot use a socket in ${folder}: ${messageOf(error)}`,
        'the file system may not know sockets (some network and container mounts): set BOTSTER_DATA_DIR to a local folder',
      );
    }
    const bytes = Buffer.byteLength(hub.socketPath);
    const moved = folder === hub.stateDir ? '' : ', because it would be too long in the data folder';
    return ok(`${hub.socketPath} (${bytes} of ${MAX_SOCKET_PATH_BYTES} bytes${moved})`);
  },
};

const luaCheck: Check = {
  name: 'lua',
  run: async () => {
    try {
      const { LuaVm } = await import('../lua/wasm.js');
      const startedMs = performance.now();
      const limits = { capBytes: 32 * 2 ** 20, hostReserveBytes: 2 ** 20 };
      const { memoryBytes } = new LuaVm(limits, () => undefined);
      return ok(
        `an engine starts in ${Math.ceil(performance.now() - startedMs)} ms with ${memoryBytes / 2 ** 20} MB`,
      );
    } catch (error) {
      return failed(
        `the Lua virtual machine does not start: ${messageOf(error)}`,
        'install the packages again: npm ci. If that does not help, look at "memory limit" here',
      );
    }
  },
};

const openFilesCheck: Check = {
  name: 'open files',
  run: async () => {
    const limit = await shellLimit('n');
    if (limit >= MIN_OPEN_FILES) return ok(`up to ${limit === Infinity ? 'any number' : limit}`);
    return warn(
      `only ${limit} at a time; ${MIN_OPEN_FILES} are enough for many sessions`,
      'Debian: raise "nofile" in /etc/security/limits.conf and log in again; ' +
        `macOS: sudo launchctl limit maxfiles ${MIN_OPEN_FILES * 4} unlimited`,
    );
  },
};

const memoryLimitCheck: Check = {
  name: 'memory limit',
  run: async () => {
    const limitBytes = (await shellLimit('v')) * 1024;
    if (limitBytes === Infinity) return ok('none on virtual memory');
    const engines = Math.floor(limitBytes / VIRTUAL_BYTES_PER_ENGINE);
    if (engines >= ENGINES) return ok(`virtual memory for about ${engines} Lua engines`);
    const say = engines < 2 ? failed : warn;
    return say(
      `ulimit -v leaves room for ${engines} Lua engines (one for the hub, one per plugin); each reserves 10 GB of ` +
        'virtual memory, which costs nothing',
      'start botster with "ulimit -v unlimited"; on Debian the limit is "as" in /etc/security/limits.conf',
    );
  },
};

const watchesCheck: Check = {
  name: 'file watches',
  run: () => {
    if (process.platform !== 'linux') return ok(`not limited on ${process.platform} ${release()}`);
    const watches = readNumber('/proc/sys/fs/inotify/max_user_watches');
    const instances = readNumber('/proc/sys/fs/inotify/max_user_instances');
    if (watches === undefined || instances === undefined) return ok('limits unknown here');
    if (watches >= MIN_WATCHES && instances >= 128) return ok(`${watches} in ${instances} instances`);
    return warn(
      `${watches} watches in ${instances} instances; big checkouts need more`,
      'printf "fs.inotify.max_user_watches=524288\\nfs.inotify.max_user_instances=512\\n" | ' +
        'sudo tee /etc/sysctl.d/60-inotify.conf && sudo sysctl --system',
    );
  },
};

const browsers = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'firefox',
  'brave-browser',
  'microsoft-edge',
];
const macBrowsers = ['Google Chrome', 'Safari', 'Firefox', 'Chromium', 'Brave Browser', 'Microsoft Edge'];

const browserCheck: Check = {
  name: 'browser',
  run: ({ env }) => {
    const inPath = browsers.find((name) =>
      (env['PATH'] ?? '').split(delimiter).some((dir) => existsSync(join(dir, name))),
    );
    const onMac = macBrowsers.find((name) => existsSync(`/Applications/${name}.app`));
    const found = inPath ?? onMac;
    if (found !== undefined) return ok(`${found}, which can be paired like any other`);
    return ok('none on this machine, and none is needed: a phone or another computer pairs just as well');
  },
};

const terminalCheck: Check = {
  name: 'terminal',
  run: ({ env }) => {
    const term = env['TERM'] ?? '';
    if (!process.stdout.isTTY) return ok('not a terminal');
    // In the order of POSIX: the first that is set decides.
    const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
    if (term === '' || term === 'dumb') {
      return warn(`TERM is ${term === '' ? 'not set' : term}`, 'export TERM=xterm-256color');
    }
    if (!/utf-?8/i.test(locale)) {
      return warn(
        `the locale is not UTF-8 (${locale === '' ? 'not set' : locale}); lines and symbols will look wrong`,
        'export LANG=C.UTF-8 (Debian) or LANG=en_US.UTF-8 (macOS) in your shell profile',
      );
    }
    return ok(`${term}, ${locale}, ${process.stdout.columns ?? 0} columns`);
  },
};

export const checks: readonly Check[] = [
  nodeCheck,
  gitCheck,
  repositoryCheck,
  toolchainCheck,
  sessionsCheck,
  dataCheck,
  socketCheck,
  luaCheck,
  openFilesCheck,
  memoryLimitCheck,
  watchesCheck,
  agentsCheck,
  webPageCheck,
  relayCheck,
  browserCheck,
  clipboardCheck,
  terminalCheck,
];

async function tryToListen(path: string): Promise<void> {
  const server = createServer((socket) => socket.end());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    if ((await probeSocket(path)) !== 'live') throw new Error('it was bound, but nothing could connect');
  } finally {
    // Closing removes the socket's file.
    server.close();
  }
}

/** A limit of this shell's processes; Infinity when there is none. */
async function shellLimit(letter: 'n' | 'v'): Promise<number> {
  const output = (await outputOf('sh', ['-c', `ulimit -${letter}`]))?.trim();
  return output === undefined || output === 'unlimited' ? Infinity : Number(output);
}

function outputOf(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, args, (error, stdout) => resolve(error === null ? stdout : undefined));
  });
}

function readNumber(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
