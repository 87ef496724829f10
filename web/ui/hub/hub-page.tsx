/** One hub: how the connection is, which devices may use it, and how to leave it. */
import type { Hub } from '../../link/types.js';
import { useHub, useHubs } from '../hubs-context.js';
import { forgetLastKnown } from '../list/last-known.js';
import { Missing } from '../missing.js';
import { tell } from '../notices.js';
import { openDialog } from '../overlay.js';
import { PageHead } from '../page-head.js';
import { go } from '../route.js';
import { useObservable } from '../use-observable.js';
import { AddDevice } from './add-device.js';
import { ConfirmDialog } from './confirm-dialog.js';
import { Devices } from './devices.js';
import { HealthTable } from './health-table.js';

export function HubPage({ address }: { readonly address: string }) {
  const hub = useHub(address);
  return hub === undefined ? (
    <Missing what="This hub is not paired with this browser." />
  ) : (
    <HubOf hub={hub} />
  );
}

function HubOf({ hub }: { readonly hub: Hub }) {
  const hubs = useHubs();
  const name = useObservable(hub.name);
  const { kind } = useObservable(hub.state);
  const device = useObservable(hub.device);
  const forget = async (): Promise<void> => {
    await hubs.forget(hub);
    forgetLastKnown(hub.address);
    tell(`${name} was forgotten.`);
    go({ at: 'list' }, { replace: true });
  };
  return (
    <div class="page">
      <PageHead title={name} />
      <div class="page-body">
        <HealthTable hub={hub} />
        {device.view_only ? (
          <section class="section">
            <h3>Devices</h3>
            <p>
              This device, <strong>{device.name}</strong>, may look and nothing else. On the machine:{' '}
              <code>botster devices view-only "{device.name}" off</code>
            </p>
          </section>
        ) : (
          kind === 'online' && (
            <>
              <Devices hub={hub} />
              <AddDevice hub={hub} />
            </>
          )
        )}
        <section class="section">
          <h3>Forget this hub</h3>
          <p>
            Throws away this browser’s key. The hub keeps the device in its list until it is revoked there. To
            come back you need a new code.
          </p>
          <button
            type="button"
            class="button"
            onClick={() =>
              openDialog(() => (
                <ConfirmDialog
                  title={`Forget ${name}?`}
                  text="This browser throws its key away and cannot use the hub until it is paired again."
                  action="Forget"
                  onConfirm={forget}
                />
              ))
            }
          >
            Forget…
          </button>
        </section>
      </div>
    </div>
  );
}
