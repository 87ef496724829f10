/** A session's state as a shape and a colour; its words stand beside it or are read aloud. */
import type { SessionView } from '../link/types.js';
import { failed, stateText } from './session-names.js';

const shapes = {
  /** An open ring that turns. */
  working: <path d="M8 2.6A5.4 5.4 0 1 1 2.6 8" />,
  /** A filled diamond with an exclamation mark. */
  needs_you: (
    <>
      <path class="solid" d="M8 .9 15.1 8 8 15.1.9 8Z" />
      <path class="cut" d="M8 4.7v4M8 11.1h.01" />
    </>
  ),
  /** A ring. */
  idle: <circle cx="8" cy="8" r="4.6" />,
  /** A square. */
  exited: <path d="M4 4h8v8H4z" />,
} as const;

const failedShape = <path d="m4.2 4.2 7.6 7.6M11.8 4.2l-7.6 7.6" />;

export function StateMark({
  view,
  spoken = false,
}: {
  readonly view: SessionView;
  readonly spoken?: boolean;
}) {
  return (
    <span class={`state-mark state-${failed(view) ? 'failed' : view.state}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
        {failed(view) ? failedShape : shapes[view.state]}
      </svg>
      {spoken && <span class="only-spoken">{stateText(view)}</span>}
    </span>
  );
}

export function StateChip({ view }: { readonly view: SessionView }) {
  return (
    <span class={`chip state-${failed(view) ? 'failed' : view.state}`}>
      <StateMark view={view} />
      <span class="chip-text">{stateText(view)}</span>
    </span>
  );
}
