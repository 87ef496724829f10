/** What crashable.ts loads into a worker before its own code. */
import { BroadcastChannel } from 'node:worker_threads';
import { CRASH_CHANNEL } from './crashable.js';

const channel = new BroadcastChannel(CRASH_CHANNEL);
channel.onmessage = () => process.exit(1);
channel.unref();
