/**
 * How much of each attach the session host may send: what the device can take, and at most WINDOW_BYTES that wait here.
 *
 * The device gives credit for whatever it likes, megabytes perhaps; passed on as it comes, a flood would fill this
 * worker's queue and the socket before it, and everything else would stand behind it. So a device's credit is kept here
 * and passed on as its bytes go out: several floods share the line, and an echo between them waits for a window of none.
 * A snapshot may cost more than there is: the host then waits until the debt is paid, and so do we.
 */

/** Of each attach; so the longest frame of output too, which nothing can interrupt. One half is on its way, one is being made. */
export const WINDOW_BYTES = 8 * 1024;

interface Account {
  /** Granted by the device and not passed on. */
  kept: number;
  /** Passed on to the host and not yet sent to the device; negative after a snapshot that cost more. */
  outstanding: number;
}

/** Less is passed on only if the host may have nothing left: small credit makes small frames. */
const WORTH_BYTES = WINDOW_BYTES / 2;
/** As large as the session host takes it. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

export class AttachCredit {
  readonly #accounts = new Map<number, Account>();
  readonly #pass: (attach: number, bytes: number) => void;

  /** `pass` gives the host credit. */
  constructor(pass: (attach: number, bytes: number) => void) {
    this.#pass = pass;
  }

  has(attach: number): boolean {
    return this.#accounts.has(attach);
  }

  /** An attach begins with that much of the device's credit. Gives how much to begin with at the host. */
  open(attach: number, credit: number): number {
    const first = Math.min(credit, WINDOW_BYTES);
    this.#accounts.set(attach, { kept: credit - first, outstanding: first });
    return first;
  }

  close(attach: number): void {
    this.#accounts.delete(attach);
  }

  /** The connection to the host is lost, and all attaches with it. */
  clear(): void {
    this.#accounts.clear();
  }

  /** The device can take more. */
  grant(attach: number, bytes: number): void {
    const account = this.#accounts.get(attach);
    if (account === undefined) return;
    account.kept = Math.min(account.kept + bytes, MAX_KEPT_BYTES);
    this.#passOn(attach, account);
  }

  /** So many bytes of output or snapshot have left the queue. */
  sent(attach: number, bytes: number): void {
    const account = this.#accounts.get(attach);
    if (account === undefined) return;
    account.outstanding -= bytes;
    this.#passOn(attach, account);
  }

  #passOn(attach: number, account: Account): void {
    const bytes = Math.min(account.kept, WINDOW_BYTES - account.outstanding);
    if (bytes <= 0 || (bytes < WORTH_BYTES && account.outstanding > 0)) return;
    account.kept -= bytes;
    account.outstanding += bytes;
    this.#pass(attach, bytes);
  }
}
