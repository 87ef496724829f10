/** The code that pairs the next device: shown only when asked for, as whoever sees it can pair. */
import { useId, useState } from 'preact/hooks';
import type { Hub, ValueOf } from '../../link/types.js';
import { copyText } from '../agent/session-actions.js';
import { Failure } from '../failure.js';
import { Icon } from '../icon.js';
import { tell } from '../notices.js';
import { type QrPath, qrPath } from './qr.js';

export function AddDevice({ hub }: { readonly hub: Hub }) {
  const [viewOnly, setViewOnly] = useState(false);
  const [code, setCode] = useState<ValueOf<'connection.code'>>();
  const [picture, setPicture] = useState<QrPath>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const id = useId();
  const show = async (renew: boolean): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const made = await hub.request('connection.code', { view_only: viewOnly, ...(renew ? { renew } : {}) });
      setPicture(await qrPath(made.url));
      setCode(made);
    } catch (thrown) {
      setError(thrown);
    }
    setBusy(false);
  };
  const copy = (url: string): void => {
    copyText(url).then(
      () => tell('Copied. Whoever opens it first is paired.'),
      () => tell('The browser did not allow to copy.', { bad: true }),
    );
  };
  return (
    <section class="section" aria-labelledby="add-device-title">
      <h3 id="add-device-title">Add a device</h3>
      {error !== undefined && <Failure of={error} />}
      {code === undefined || picture === undefined ? (
        <>
          <label class="check" for={id}>
            <input
              id={id}
              type="checkbox"
              checked={viewOnly}
              onChange={({ currentTarget }) => setViewOnly(currentTarget.checked)}
            />
            <span>
              View only
              <span class="field-hint">It sees agents and screens, and cannot type, create or delete.</span>
            </span>
          </label>
          <button
            type="button"
            class="button button-primary"
            disabled={busy}
            onClick={() => void show(false)}
          >
            {busy ? 'Getting a code…' : 'Show a code'}
          </button>
        </>
      ) : (
        <div class="code">
          <svg
            class="qr"
            viewBox={`0 0 ${picture.side} ${picture.side}`}
            role="img"
            aria-label="QR code of the address"
          >
            <path class="qr-ground" d={`M0 0h${picture.side}v${picture.side}H0z`} />
            <path class="qr-modules" d={picture.path} />
          </svg>
          <div class="code-text">
            <p>
              Scan it with the other device’s camera, or open the address there. It works once, for{' '}
              {code.view_only ? 'a device that may only look' : 'one device'}.
            </p>
            <p class="code-url mono">{code.url}</p>
            <p class="code-actions">
              <button type="button" class="button" onClick={() => copy(code.url)}>
                <Icon name="copy" />
                Copy address
              </button>
              <button type="button" class="button" disabled={busy} onClick={() => void show(true)}>
                <Icon name="retry" />
                New code
              </button>
              <button type="button" class="button" onClick={() => setCode(undefined)}>
                Hide
              </button>
            </p>
          </div>
        </div>
      )}
    </section>
  );
}
