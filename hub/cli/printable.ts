/** Text of others for a terminal: names, titles and arguments are anybody's, and none may move the cursor. */

/** With `?` for control characters. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
