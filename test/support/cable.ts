/**
 * Two machines on one cable: network namespaces that a test makes for itself, with a veth pair between them, so that a network
 * can really be cut. They are in a user namespace, so nobody needs to be root, and nothing of this machine's own network is
 * touched. They are gone when the test ends: each lives as long as the process that holds it.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

/** Documentation's own network (RFC 5737): whoever leaves the namespaces by mistake gets nowhere. */
export const HUB_ADDRESS = '198.51.100.1';
const DEVICE_ADDRESS = '198.51.100.2';
/** Nobody's: what is sent there is lost without a word. */
const NOBODY = '02:00:00:00:00:01';

export interface Machine {
  /** What stands before a command that is to run on it. */
  readonly within: readonly string[];
}

export interface Cable {
  readonly hub: Machine;
  readonly device: Machine;
  /** The device's interface goes down, as when a phone leaves its network: its browser is told. */
  unplug(): Promise<void>;
  plug(): Promise<void>;
  /** Nothing arrives any more in either direction, and nobody is told, as behind a router that died. */
  swallow(): Promise<void>;
  deliver(): Promise<void>;
}

/** Rejects with what the system says where it allows no namespaces. */
export async function layCable(): Promise<Cable> {
  const hubs = await hold(['unshare', '--user', '--map-root-user', '--net']);
  const hub = entering(hubs);
  const devices = await hold([...hub.within, 'unshare', '--net']);
  const device = entering(devices);
  const ip = async ({ within }: Machine, line: string): Promise<void> => {
    const [command = '', ...args] = [...within, 'ip', ...line.split(' ')];
    await run(command, args);
  };
  await ip(hub, `link add lan type veth peer name lan netns ${devices.pid}`);
  for (const [machine, address] of [
    [hub, HUB_ADDRESS],
    [device, DEVICE_ADDRESS],
  ] as const) {
    await ip(machine, 'link set lo up');
    await ip(machine, `address add ${address}/24 dev lan`);
    await ip(machine, 'link set lan up');
  }
  const route = (): Promise<void> => ip(device, `route replace default via ${HUB_ADDRESS}`);
  await route();
  return {
    hub,
    device,
    unplug: () => ip(device, 'link set lan down'),
    plug: async () => {
      await ip(device, 'link set lan up');
      // It went with the interface.
      await route();
    },
    swallow: async () => {
      await ip(hub, `neighbour replace ${DEVICE_ADDRESS} lladdr ${NOBODY} dev lan nud permanent`);
      await ip(device, `neighbour replace ${HUB_ADDRESS} lladdr ${NOBODY} dev lan nud permanent`);
    },
    deliver: async () => {
      await ip(hub, `neighbour delete ${DEVICE_ADDRESS} dev lan`);
      await ip(device, `neighbour delete ${HUB_ADDRESS} dev lan`);
    },
  };
}

function entering({ pid }: ChildProcess): Machine {
  return { within: ['nsenter', `--target=${pid}`, '--user', '--net', '--preserve-credentials', '--'] };
}

/** A process that does nothing but keep its namespaces, which it has when it answers; it ends with the test. */
async function hold([command = '', ...args]: readonly string[]): Promise<ChildProcess> {
  const holder = spawn(command, [...args, 'cat'], { stdio: 'pipe' });
  const ended = new Promise<void>((resolve) => {
    holder.once('close', () => resolve());
  });
  onTestFinished(async () => {
    holder.stdin.end();
    await ended;
  });
  let complaint = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  await new Promise<void>((resolve, reject) => {
    holder.once('error', reject);
    holder.once('close', () => reject(new Error(`no namespace: ${complaint.trim()}`)));
    holder.stdout.once('data', () => resolve());
    holder.stdin.on('error', () => undefined).write('here\n');
  });
  return holder;
}
