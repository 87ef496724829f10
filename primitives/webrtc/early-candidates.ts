/** Candidates that came before the offer they belong to: relays need not keep order. Bounded; the offer takes them. */
import type { RtcCandidate } from './rtc.js';

/** Of one identity; a browser has some ten. */
const MAX_HELD = 32;
/** Identities that have any. The oldest are forgotten: their connections find a way by the other side's candidates. */
const MAX_IDENTITIES = 64;

export class EarlyCandidates {
  readonly #held = new Map<string, (RtcCandidate | undefined)[]>();

  hold(identity: string, candidate: RtcCandidate | undefined): void {
    const held = this.#held.get(identity) ?? [];
    if (held.length >= MAX_HELD) return;
    held.push(candidate);
    this.#held.set(identity, held);
    if (this.#held.size > MAX_IDENTITIES) this.#held.delete(this.#held.keys().next().value as string);
  }

  take(identity: string): readonly (RtcCandidate | undefined)[] {
    const held = this.#held.get(identity) ?? [];
    this.#held.delete(identity);
    return held;
  }
}
