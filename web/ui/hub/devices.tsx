/** The devices that may use a hub. */
import { useEffect, useId, useState } from 'preact/hooks';
import { messageOf } from '../../../base/errors.js';
import type { DeviceRecord } from '../../../protocol/devices.js';
import type { Hub } from '../../link/types.js';
import { spokenAge, useNow } from '../age.js';
import { Failure } from '../failure.js';
import { Icon } from '../icon.js';
import { tell } from '../notices.js';
import { openDialog } from '../overlay.js';
import { useObservable } from '../use-observable.js';
import { ConfirmDialog } from './confirm-dialog.js';

/** The hub tells of no changes here. */
const REFRESH_MS = 5_000;

export function Devices({ hub }: { readonly hub: Hub }) {
  const [devices, setDevices] = useState<readonly DeviceRecord[]>();
  const [error, setError] = useState<unknown>();
  const load = (): void => {
    hub.request('device.list', {}).then(
      (answer) => {
        setDevices(answer.devices);
        setError(undefined);
      },
      (thrown: unknown) => setError(thrown),
    );
  };
  useEffect(() => {
    load();
    const timer = setInterval(() => document.visibilityState === 'visible' && load(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [hub]);
  return (
    <section class="section" aria-labelledby="devices-title">
      <h3 id="devices-title">Devices</h3>
      {error !== undefined && <Failure of={error} />}
      {devices === undefined && error === undefined && <p class="section-wait">Loading…</p>}
      <ul class="devices">
        {devices?.map((device) => (
          <Device key={device.id} hub={hub} device={device} onChange={load} />
        ))}
      </ul>
    </section>
  );
}

function Device({
  hub,
  device,
  onChange,
}: {
  readonly hub: Hub;
  readonly device: DeviceRecord;
  readonly onChange: () => void;
}) {
  const { id } = useObservable(hub.device);
  const now_ms = useNow();
  const [name, setName] = useState<string>();
  const field = useId();
  const own = device.id === id;
  const change = async (asked: Promise<unknown>): Promise<void> => {
    try {
      await asked;
    } catch (thrown) {
      tell(messageOf(thrown), { bad: true });
    }
    onChange();
  };
  const rename = (event: Event): void => {
    event.preventDefault();
    if (name === undefined) return;
    setName(undefined);
    if (name.trim() !== '' && name !== device.name)
      void change(hub.request('device.rename', { id: device.id, name: name.trim() }));
  };
  const revoke = async (): Promise<void> => {
    await hub.request('device.revoke', { id: device.id });
    onChange();
    tell(`${device.name} was revoked. Its connections have ended.`);
  };
  return (
    <li class="device">
      <Icon name="device" />
      <div class="device-text">
        {name === undefined ? (
          <p class="device-name">
            {device.name}
            {own && <span class="badge">This device</span>}
          </p>
        ) : (
          <form class="device-rename" onSubmit={rename}>
            <label class="only-spoken" for={field}>
              Name
            </label>
            <input
              id={field}
              value={name}
              maxLength={100}
              autocomplete="off"
              ref={(element) => element?.focus()}
              onInput={({ currentTarget }) => setName(currentTarget.value)}
              onKeyDown={({ key }) => key === 'Escape' && setName(undefined)}
            />
            <button type="submit" class="button button-small">
              Save
            </button>
          </form>
        )}
        <p class="device-about">
          {device.connected > 0 ? 'Connected' : lastSeen(device, now_ms)} · paired{' '}
          {spokenAge(now_ms - Date.parse(device.paired_at))}
        </p>
      </div>
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          aria-label={`View only: ${device.name}`}
          aria-checked={device.view_only}
          checked={device.view_only}
          disabled={own}
          onChange={({ currentTarget }) =>
            void change(
              hub.request('device.set_view_only', { id: device.id, view_only: currentTarget.checked }),
            )
          }
        />
        <span aria-hidden="true">View only</span>
      </label>
      <span class="device-actions">
        <button
          type="button"
          class="icon-button"
          aria-label={`Rename ${device.name}`}
          onClick={() => setName(device.name)}
        >
          <Icon name="pencil" />
        </button>
        <button
          type="button"
          class="icon-button danger"
          aria-label={`Revoke ${device.name}`}
          onClick={() =>
            openDialog(() => (
              <ConfirmDialog
                title={`Revoke ${device.name}?`}
                text={
                  own
                    ? 'This is the device you are using: its connection ends at once.'
                    : 'Its connections end at once, and it learns nothing more. To come back it needs a new code.'
                }
                action="Revoke"
                onConfirm={revoke}
              />
            ))
          }
        >
          <Icon name="trash" />
        </button>
      </span>
    </li>
  );
}

function lastSeen({ last_seen_at }: DeviceRecord, now_ms: number): string {
  return last_seen_at === undefined
    ? 'Never connected'
    : `Seen ${spokenAge(now_ms - Date.parse(last_seen_at))}`;
}
