/** Light or dark: the system's choice, unless the user made one here. Styles look at `data-theme` of the root. */

import { Cell } from '../link/observable.js';
import { readStored, writeStored } from './stored.js';

export type ThemeChoice = 'system' | 'light' | 'dark';
export type Theme = 'light' | 'dark';

const STORED = 'theme';
const systemDark = matchMedia('(prefers-color-scheme: dark)');
/** Behind the browser's own bars; the same as --ground in styles/tokens.css. */
const barColor = { light: '#f5f6f8', dark: '#0d1015' } as const;

export const themeChoice = new Cell<ThemeChoice>(known(readStored(STORED)));
/** What is shown. */
export const theme = new Cell<Theme>(resolved());

function known(text: string | undefined): ThemeChoice {
  return text === 'light' || text === 'dark' ? text : 'system';
}

function resolved(): Theme {
  if (themeChoice.value !== 'system') return themeChoice.value;
  return systemDark.matches ? 'dark' : 'light';
}

function apply(): void {
  const now = resolved();
  document.documentElement.dataset['theme'] = now;
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', barColor[now]);
  if (now !== theme.value) theme.set(now);
}

/** From here on the page follows the choice and the system. */
export function startTheme(): void {
  systemDark.addEventListener('change', apply);
  apply();
}

export function chooseTheme(choice: ThemeChoice): void {
  writeStored(STORED, choice === 'system' ? undefined : choice);
  themeChoice.set(choice);
  apply();
}
