/**
 * The list of primitives: one line each. The hub opens them in this order, and binds them in every engine.
 */
import { config } from './config/config.js';
import { events } from './events/events.js';
import { fs } from './fs/fs.js';
import { http } from './http/http.js';
import { hub } from './hub/hub.js';
import { json } from './json/json.js';
import { log } from './log/log.js';
import { timer } from './timer/timer.js';

export const primitives = [log, json, fs, config, events, timer, hub, http] as const;
