/** Pairing: what it is, what this device shall be called, how it goes, and what to do if it does not. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { isHubError, messageOf } from '../../../base/errors.js';
import { useHubs } from '../hubs-context.js';
import { Icon, Mark } from '../icon.js';
import { fragmentOf, go } from '../route.js';
import { useObservable } from '../use-observable.js';
import { connectionCode } from './connection-code.js';
import { deviceName } from './device-name.js';

const MAX_NAME = 100;

/** What to do, by what went wrong. */
const advice: Readonly<Record<string, string>> = {
  'pairing.bad_code': 'Copy the whole address that botster connect shows, or scan its QR code again.',
  'pairing.no_answer':
    'A code works once, and only while the hub runs. On the machine, run botster connect for a new one, and use that.',
  'pairing.unreachable':
    'Check this device’s network, and that the machine with the hub can be reached from it.',
};

/** `first`: no hub is paired yet. */
export function Pairing({ first }: { readonly first: boolean }) {
  const hubs = useHubs();
  const [text, setText] = useState('');
  const [name, setName] = useState(() => deviceName(navigator.userAgent, navigator.maxTouchPoints));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const given = useObservable(connectionCode);
  const ids = { code: useId(), name: useId() };
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);

  const pair = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await hubs.pair((given ?? text).trim(), name.trim());
      connectionCode.set(undefined);
      go({ at: 'list' }, { replace: true });
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
      // A code works once: what was tried is not tried again by itself.
      connectionCode.set(undefined);
    }
  };

  return (
    <main class="pairing" id="main">
      <div class="pairing-body">
        <p class="pairing-brand">
          <Mark />
          botster
        </p>
        <h1 ref={heading} tabIndex={-1}>
          {given === undefined ? (first ? 'Connect to a hub' : 'Add a hub') : 'Pair this device'}
        </h1>
        {given === undefined ? (
          <ol class="pairing-how">
            <li>
              On the machine with your repository, run <code class="command">botster connect</code>
            </li>
            <li>Scan its QR code with this device’s camera, or open its address here, or paste it below.</li>
          </ol>
        ) : (
          <p class="pairing-what">
            This browser gets a key of its own, which stays in it. With it you see and use the agents of the
            hub that showed the code. On the machine you can rename and revoke it at any time.
          </p>
        )}
        <form
          class="form"
          onSubmit={(event) => {
            event.preventDefault();
            if (!busy) void pair();
          }}
        >
          {given === undefined && (
            <div class="field">
              <label class="field-label" for={ids.code}>
                Address or code
              </label>
              <input
                id={ids.code}
                class="mono"
                value={text}
                required
                disabled={busy}
                autocomplete="off"
                autocapitalize="off"
                spellcheck={false}
                placeholder="http://…/#…"
                onInput={({ currentTarget }) => setText(currentTarget.value)}
              />
            </div>
          )}
          <div class="field">
            <label class="field-label" for={ids.name}>
              Name of this device
            </label>
            <input
              id={ids.name}
              value={name}
              maxLength={MAX_NAME}
              required
              disabled={busy}
              autocomplete="off"
              onInput={({ currentTarget }) => setName(currentTarget.value)}
            />
          </div>
          {error !== undefined && <PairingFailure of={error} />}
          <div class="form-end">
            {!first && (
              <a class="button" href={fragmentOf({ at: 'list' })}>
                Cancel
              </a>
            )}
            <button type="submit" class="button button-primary" disabled={busy}>
              {busy && <span class="spinner" aria-hidden="true" />}
              {busy ? 'Pairing…' : 'Pair'}
            </button>
          </div>
          <p class="pairing-busy" role="status">
            {busy ? 'Exchanging keys with the hub, end to end. This takes a moment.' : ''}
          </p>
        </form>
      </div>
    </main>
  );
}

function PairingFailure({ of }: { readonly of: unknown }) {
  const code = isHubError(of) ? of.code : '';
  return (
    <div class="failure" role="alert">
      <Icon name="warning" />
      <div>
        <p class="failure-text">{messageOf(of)}</p>
        <p class="failure-advice">{advice[code] ?? 'Try again with a new code: botster connect'}</p>
      </div>
    </div>
  );
}
