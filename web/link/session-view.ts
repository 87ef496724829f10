/**
 * What is shown of a session, out of what is known of it. Pure.
 *
 * That an agent needs somebody is the hub's to say: it keeps it with the session, as meta.attention, for all devices
 * (lua/hub/attention.lua). Of other sessions this device notes itself who rang.
 */
import { fits } from '../../base/check.js';
import { type Infer, t } from '../../base/schema.js';
import type { AgentRecord } from '../../protocol/agents.js';
import type { SessionRecord } from '../../protocol/session.js';
import type { Fact } from './host-facts.js';
import type { SessionView } from './types.js';

export interface Known {
  readonly record: SessionRecord;
  /** It rang or notified, and nobody has looked since. Of sessions that are no agents. */
  readonly calls: boolean;
  /** The attention that somebody has looked at here, as text. */
  readonly seen: string | undefined;
  /** What it notified last. */
  readonly notice: string | undefined;
  /** What was made of it, until something changes. */
  readonly view: SessionView | undefined;
}

/** The record is new. */
export function changed(known: Known | undefined, record: SessionRecord): Known {
  const { calls = false, seen, notice } = known ?? {};
  return { record, calls, seen, notice, view: undefined };
}

/** Somebody looked. */
export function looked(known: Known): Known {
  const attention = attentionOf(known.record);
  return { ...known, calls: false, seen: attention && markOf(attention), view: undefined };
}

type OtherFact = Exclude<Fact, { readonly name: 'session.started' | 'session.updated' | 'session.removed' }>;

/** What a fact makes of what was known. */
export function heard(known: Known, fact: OtherFact): Known {
  const { record } = known;
  switch (fact.name) {
    case 'session.exited': {
      const { pid: _, ...rest } = record;
      return {
        ...known,
        calls: false,
        record: { ...rest, state: 'exited', activity: 'idle', exit: fact.data.exit },
      };
    }
    case 'session.resized': {
      const { rows, cols, size_policy } = fact.data;
      return { ...known, record: { ...record, rows, cols, size_policy } };
    }
    case 'session.title':
      return { ...known, record: { ...record, title: fact.data.title } };
    case 'session.cwd':
      return { ...known, record: { ...record, cwd: fact.data.cwd } };
    case 'session.modes':
      return { ...known, record: { ...record, modes: fact.data.modes } };
    case 'session.activity': {
      const { activity, last_output_ms, offset } = fact.data;
      return { ...known, record: { ...record, activity, last_output_ms, offset } };
    }
    case 'session.bell':
      return { ...known, calls: true };
    case 'session.notification': {
      const { title, body } = fact.data;
      return { ...known, calls: true, notice: title === undefined ? body : `${title}: ${body}` };
    }
    case 'session.prompt':
    case 'session.trouble':
      return known;
  }
}

/** An agent that somebody deleted: only its output is kept (lua/hub/sessions.lua). */
export function isDeleted({ record }: Known): boolean {
  return record.meta['removed'] === true;
}

export function viewOf(known: Known, agent: AgentRecord | undefined): SessionView {
  const { record, notice } = known;
  const attention = attentionOf(record);
  return {
    session: record,
    agent,
    state: stateOf(known, attention, agent !== undefined),
    said: attention?.text ?? notice ?? record.title,
  };
}

const attentionSchema = t.object({ at: t.opt(t.any), text: t.opt(t.str) });
type Attention = Infer<typeof attentionSchema>;

function attentionOf(record: SessionRecord): Attention | undefined {
  const attention: unknown = record.meta['attention'];
  return fits(attentionSchema, attention) ? attention : undefined;
}

function markOf(attention: Attention): string {
  return JSON.stringify([attention.at, attention.text]);
}

function stateOf(known: Known, attention: Attention | undefined, isAgent: boolean): SessionView['state'] {
  const { record, calls, seen } = known;
  if (record.state === 'exited') return 'exited';
  const needsYou = isAgent ? attention !== undefined && markOf(attention) !== seen : calls;
  if (needsYou) return 'needs_you';
  return record.activity === 'busy' ? 'working' : 'idle';
}

/** Agents first, then others, each oldest first. */
export function orderOf(a: SessionView, b: SessionView): number {
  const rank = Number(a.agent === undefined) - Number(b.agent === undefined);
  return (
    rank ||
    a.session.started_at.localeCompare(b.session.started_at) ||
    compare(a.session.uuid, b.session.uuid)
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
