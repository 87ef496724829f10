/**
 * The list of primitives: one line each. The hub opens them in this order, and binds them in every engine.
 */
import { actionCable } from './action_cable/action_cable.js';
import { config } from './config/config.js';
import { connection } from './connection/connection.js';
import { crypto } from './crypto/crypto.js';
import { events } from './events/events.js';
import { fs } from './fs/fs.js';
import { http } from './http/http.js';
import { hub } from './hub/hub.js';
import { json } from './json/json.js';
import { log } from './log/log.js';
import { pty } from './pty/pty.js';
import { timer } from './timer/timer.js';
import { webrtc } from './webrtc/webrtc.js';
import { worktree } from './worktree/worktree.js';

export const primitives = [
  log,
  json,
  crypto,
  fs,
  config,
  events,
  timer,
  pty,
  hub,
  http,
  worktree,
  webrtc,
  connection,
  actionCable,
] as const;
