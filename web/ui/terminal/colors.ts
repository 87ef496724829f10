/** The colours of terminals in the page's two themes. Programs choose among the 16; ours are legible on their ground. */
import type { Theme } from '../theme.js';

export interface TerminalColors {
  readonly theme: Readonly<Record<string, string>>;
  /** Text is moved away from its ground up to this. */
  readonly minimumContrast: number;
}

export const terminalColors: Readonly<Record<Theme, TerminalColors>> = {
  dark: {
    minimumContrast: 1,
    theme: {
      background: '#0b0e13',
      foreground: '#d7dce4',
      cursor: '#8fb2ff',
      cursorAccent: '#0b0e13',
      selectionBackground: '#2f4a7d',
      selectionInactiveBackground: '#27324a',
      scrollbarSliderBackground: '#ffffff26',
      scrollbarSliderHoverBackground: '#ffffff40',
      scrollbarSliderActiveBackground: '#ffffff59',
      black: '#232933',
      red: '#f47d76',
      green: '#7cc98a',
      yellow: '#e2b563',
      blue: '#7ba7f7',
      magenta: '#c795e8',
      cyan: '#5fc3cf',
      white: '#c4cad4',
      brightBlack: '#6d7788',
      brightRed: '#ff9f98',
      brightGreen: '#9be0a7',
      brightYellow: '#f4d08b',
      brightBlue: '#a3c3ff',
      brightMagenta: '#dbb4f5',
      brightCyan: '#8bdde6',
      brightWhite: '#f2f5f9',
    },
  },
  light: {
    // Programs draw for dark grounds: pale text would be lost on this one.
    minimumContrast: 4.5,
    theme: {
      background: '#ffffff',
      foreground: '#1b212b',
      cursor: '#2453c9',
      cursorAccent: '#ffffff',
      selectionBackground: '#bcd2ff',
      selectionInactiveBackground: '#dde6f7',
      scrollbarSliderBackground: '#00000026',
      scrollbarSliderHoverBackground: '#00000040',
      scrollbarSliderActiveBackground: '#00000059',
      black: '#1b212b',
      red: '#b3261e',
      green: '#19703a',
      yellow: '#8a5a00',
      blue: '#1f55cc',
      magenta: '#8233a8',
      cyan: '#0b6b78',
      white: '#6a7382',
      brightBlack: '#58616f',
      brightRed: '#cf3a31',
      brightGreen: '#23884a',
      brightYellow: '#9c6a08',
      brightBlue: '#3a6fe6',
      brightMagenta: '#9a4bc2',
      brightCyan: '#12808f',
      brightWhite: '#3a424f',
    },
  },
};
