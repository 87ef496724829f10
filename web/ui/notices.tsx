/** What happened, said in passing: shown for a while at the edge, and read aloud. */
import { Cell } from '../link/observable.js';
import { Icon } from './icon.js';
import { fragmentOf, type Route } from './route.js';
import { useObservable } from './use-observable.js';

const SHOWN_MS = 8_000;
/** Of a notice that has something to open, or more to read than a line. */
const SHOWN_LONGER_MS = 30_000;
const MAX_SHOWN = 3;

interface NoticeOptions {
  readonly bad?: boolean;
  readonly body?: string | undefined;
  /** Who says it, if not this page. */
  readonly from?: string;
  /** What it is about. */
  readonly opens?: { readonly label: string; readonly to: Route };
}

interface Notice extends NoticeOptions {
  readonly id: number;
  readonly text: string;
}

const notices = new Cell<readonly Notice[]>([]);
/** Only for those who listen. */
const spoken = new Cell('');
let lastId = 0;

export function tell(text: string, options: NoticeOptions = {}): void {
  const notice = { id: ++lastId, text, ...options };
  notices.set([...notices.value, notice].slice(-MAX_SHOWN));
  const longer = options.opens !== undefined || options.body !== undefined;
  setTimeout(() => dismiss(notice.id), longer ? SHOWN_LONGER_MS : SHOWN_MS);
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
        {shown.map((notice) => (
          <NoticeBox key={notice.id} notice={notice} />
        ))}
      </div>
      <div class="only-spoken" aria-live="polite" data-spoken>
        {said}
      </div>
    </>
  );
}

function NoticeBox({ notice: { id, text, bad, body, from, opens } }: { readonly notice: Notice }) {
  return (
    <div class={bad === true ? 'notice notice-bad' : 'notice'}>
      <div class="notice-text">
        {from !== undefined && <span class="notice-from">{from}</span>}
        <span>{text}</span>
        {body !== undefined && <span class="notice-body">{body}</span>}
        {opens !== undefined && (
          <a href={fragmentOf(opens.to)} onClick={() => dismiss(id)}>
            Open {opens.label}
          </a>
        )}
      </div>
      <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(id)}>
        <Icon name="close" />
      </button>
    </div>
  );
}
