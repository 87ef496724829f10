/** Above the list: whose page this is, and what is for all hubs. */
import { Icon, Mark } from '../icon.js';
import { openDialog } from '../overlay.js';
import { fragmentOf } from '../route.js';
import { chooseTheme, type ThemeChoice, themeChoice } from '../theme.js';
import { useObservable } from '../use-observable.js';
import { Help } from './help.js';
import { Switcher } from './switcher.js';

const next = { system: 'light', light: 'dark', dark: 'system' } as const satisfies Record<
  ThemeChoice,
  ThemeChoice
>;
const icons = { system: 'auto', light: 'sun', dark: 'moon' } as const;
const words = { system: 'as the system', light: 'light', dark: 'dark' } as const;

export function TopBar() {
  const choice = useObservable(themeChoice);
  return (
    <header class="top-bar">
      <a class="brand" href={fragmentOf({ at: 'list' })}>
        <Mark />
        <h1>botster</h1>
      </a>
      <button
        type="button"
        class="icon-button"
        aria-label="Go to a session"
        onClick={() => openDialog(() => <Switcher />)}
      >
        <Icon name="search" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={`Theme: ${words[choice]}. Change to ${words[next[choice]]}`}
        title={`Theme: ${words[choice]}`}
        data-theme-switch
        onClick={() => chooseTheme(next[choice])}
      >
        <Icon name={icons[choice]} />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Keys and help"
        onClick={() => openDialog(() => <Help />)}
      >
        <Icon name="help" />
      </button>
    </header>
  );
}
