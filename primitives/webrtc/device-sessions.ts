/**
 * Who may connect: the identities of devices that have proved who they are to `connection`, as its facts tell.
 *
 * An identity that ended takes no further offer; the connection that it has goes on, for that has its own keys.
 */
import { mismatch } from '../../base/check.js';
import { type Infer, type ObjectSchema, t } from '../../base/schema.js';
import type { LuaValue } from '../../base/values.js';

const facts = {
  device_session: t.object({ identity: t.str, device_id: t.str, name: t.str, view_only: t.bool }),
  device_session_ended: t.object({ identity: t.str }),
  device_revoked: t.object({ device_id: t.str }),
  device_changed: t.object({ device_id: t.str, name: t.str, view_only: t.bool }),
} as const;

type DeviceFacts = typeof facts;
export type DeviceFact = {
  [N in keyof DeviceFacts]: { readonly name: N; readonly data: Infer<DeviceFacts[N]> };
}[keyof DeviceFacts];

export interface DeviceSession {
  readonly device_id: string;
  readonly name: string;
  readonly view_only: boolean;
}

/** More than `connection` keeps. Beyond it the oldest is forgotten: that device greets again. */
const MAX_SESSIONS = 1_024;

/** A fact of `connection` that matters here; undefined for any other. */
export function deviceFact(name: string, data: LuaValue): DeviceFact | undefined {
  if (!Object.hasOwn(facts, name)) return undefined;
  const schema: ObjectSchema = facts[name as keyof DeviceFacts];
  return mismatch(schema, data, name) === undefined ? ({ name, data } as unknown as DeviceFact) : undefined;
}

export class DeviceSessions {
  readonly #sessions = new Map<string, DeviceSession>();

  get(identity: string): DeviceSession | undefined {
    return this.#sessions.get(identity);
  }

  take({ name, data }: DeviceFact): void {
    switch (name) {
      case 'device_session':
        this.#sessions.delete(data.identity);
        this.#sessions.set(data.identity, data);
        if (this.#sessions.size > MAX_SESSIONS)
          this.#sessions.delete(this.#sessions.keys().next().value as string);
        return;
      case 'device_session_ended':
        this.#sessions.delete(data.identity);
        return;
      case 'device_revoked':
        for (const identity of this.#of(data.device_id)) this.#sessions.delete(identity);
        return;
      case 'device_changed':
        for (const identity of this.#of(data.device_id)) this.#sessions.set(identity, data);
    }
  }

  #of(deviceId: string): string[] {
    return [...this.#sessions].filter(([, { device_id }]) => device_id === deviceId).map(([id]) => id);
  }
}
