/**
 * How other files of the mirror listen to the parser. screen.ts, which alone imports the emulator, implements it.
 */

/** True: handled, xterm's own handler does not see it. */
export type CsiHook = (params: readonly number[]) => boolean;

export interface ParserHooks {
  /** `id`: prefix, intermediates and final byte, such as `?$p`. Parameters left out are 0. */
  csi(id: string, hook: CsiHook): void;
  esc(final: string, hook: () => boolean): void;
  /** Text after the number and its semicolon, up to the end of the string. */
  osc(number: number, hook: (text: string) => boolean): void;
  /** `id`: intermediates and final byte. */
  dcs(id: string, hook: (text: string, params: readonly number[]) => boolean): void;
}
