/** What a hub keeps about pairing, as it stands in the encrypted file. Bytes are base64url. */
import { type Infer, t } from '../../base/schema.js';

export const STATE_VERSION = 1;
const key = t.text({ maxBytes: 43 });
const timeMs = t.int({ min: 0 });

export const pairingState = t.object({
  version: t.int(),
  hub_secret_key: key,
  /** At most one of each kind. */
  codes: t.list(t.object({ secret: key, view_only: t.bool, created_ms: timeMs })),
  devices: t.list(
    t.object({
      public_key: key,
      name: t.str,
      view_only: t.bool,
      paired_ms: timeMs,
      last_seen_ms: t.opt(timeMs),
      /** `sent_ms` of its last greeting. */
      last_sent_ms: timeMs,
    }),
  ),
  /** Ids of devices that were revoked, newest last: they are counted apart from strangers. */
  revoked: t.list(t.str),
});
export type PairingState = Infer<typeof pairingState>;
