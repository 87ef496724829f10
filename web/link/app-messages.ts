/**
 * What plugins say to devices (`webrtc.send`, `webrtc.create_pty_forwarder`), as far as this client understands it:
 * docs/devices.md has the list. All else is for other clients. Pure.
 */
import { fits } from '../../base/check.js';
import { t } from '../../base/schema.js';
import type { MessageOf } from '../../protocol/messages.js';
import type { HubNotice } from './types.js';

/** Letters that are shown; a plugin may send more. */
const MAX_TITLE = 200;
const MAX_BODY = 1_000;
/** The event by which `create_pty_forwarder` names a session. */
const FORWARDER_EVENT = 'pty_forwarder';

const notice = t.object({
  type: t.oneOf('notice'),
  title: t.str,
  body: t.opt(t.str),
  session: t.opt(t.str),
});
const forwarder = t.object({ session_uuid: t.str });

/** The notice in a message; undefined if it is none, or has nothing to say. */
export function readNotice(data: unknown): HubNotice | undefined {
  if (!fits(notice, data)) return undefined;
  const title = cut(data.title, MAX_TITLE);
  if (title === '') return undefined;
  const body = data.body === undefined ? '' : cut(data.body, MAX_BODY);
  return { title, body: body === '' ? undefined : body, session: data.session, open: false };
}

/** A plugin wants this session to be looked at. */
export function readForwarder(event: MessageOf<'event'>): HubNotice | undefined {
  if (event.name !== FORWARDER_EVENT || !fits(forwarder, event.data)) return undefined;
  return {
    title: 'The hub has something to show you',
    body: undefined,
    session: event.data.session_uuid,
    open: true,
  };
}

function cut(text: string, max: number): string {
  const letters = [...text.trim()];
  return letters.length <= max ? letters.join('') : `${letters.slice(0, max).join('')}…`;
}
