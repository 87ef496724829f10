/** What happened, said in passing: shown for a while at the edge, and read aloud. */
import { Cell } from '../link/observable.js';
import { Icon } from './icon.js';
import { useObservable } from './use-observable.js';

const SHOWN_MS = 8_000;
const MAX_SHOWN = 3;

interface Notice {
  readonly id: number;
  readonly text: string;
  readonly bad: boolean;
}

const notices = new Cell<readonly Notice[]>([]);
/** Only for those who listen. */
const spoken = new Cell('');
let lastId = 0;

export function tell(text: string, options: { readonly bad?: boolean } = {}): void {
  const notice = { id: ++lastId, text, bad: options.bad === true };
  notices.set([...notices.value, notice].slice(-MAX_SHOWN));
  setTimeout(() => dismiss(notice.id), SHOWN_MS);
}

/** Said to screen readers, shown nowhere: what is on the screen already. */
export function say(text: string): void {
  spoken.set(text);
}

function dismiss(id: number): void {
  notices.set(notices.value.filter((one) => one.id !== id));
}

export function Notices() {
  const shown = useObservable(notices);
  const said = useObservable(spoken);
  return (
    <>
      <div class="notices" role="status" aria-live="polite">
        {shown.map(({ id, text, bad }) => (
          <div key={id} class={bad ? 'notice notice-bad' : 'notice'}>
            <span>{text}</span>
            <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(id)}>
              <Icon name="close" />
            </button>
          </div>
        ))}
      </div>
      <div class="only-spoken" aria-live="polite" data-spoken>
        {said}
      </div>
    </>
  );
}
