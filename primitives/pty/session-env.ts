/**
 * The environment of a session: the hub's own, without what is only true of the hub, and with what is true of every
 * terminal that the session host makes.
 */

/** Of the terminal that the hub was started in: a program that believes them talks to the wrong one. */
const OTHER_TERMINAL =
  /^(TERM_PROGRAM_VERSION|TERM_SESSION_ID|TERMINFO|TERMCAP|COLUMNS|LINES|TMUX|TMUX_PANE|STY|WINDOW|WINDOWID|VTE_VERSION|COLORFGBG|LC_TERMINAL|LC_TERMINAL_VERSION|WT_SESSION|WT_PROFILE_ID|(ITERM|KITTY|WEZTERM|GHOSTTY|ALACRITTY|ZELLIJ|KONSOLE|TERMINATOR|TILIX|VSCODE|WARP)_.*|ITERM_SESSION_ID)$/;
/** Of the shell or the git that started the hub. */
const OTHER_PROCESS =
  /^(_|OLDPWD|GIT_DIR|GIT_WORK_TREE|GIT_COMMON_DIR|GIT_INDEX_FILE|GIT_PREFIX|NODE_CHANNEL_FD|NODE_UNIQUE_ID)$/;
/** Of this hub, or of the one in whose session it runs. */
const OWN = /^BOTSTER_/;

/** Values that a plugin may give: `false` removes a variable. */
export type GivenEnv = Readonly<Record<string, string | number | boolean>>;

/** `hubEnv` as `process.env`; `cwd` is where the session starts. A value of `true` is the caller's to refuse. */
export function sessionEnv(hubEnv: NodeJS.ProcessEnv, cwd: string, given: GivenEnv): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(hubEnv)) {
    if (value === undefined || OWN.test(name) || OTHER_TERMINAL.test(name) || OTHER_PROCESS.test(name))
      continue;
    env[name] = value;
  }
  Object.assign(env, { TERM: 'xterm-256color', COLORTERM: 'truecolor', TERM_PROGRAM: 'botster', PWD: cwd });
  for (const [name, value] of Object.entries(given)) {
    if (value === false) delete env[name];
    else env[name] = String(value);
  }
  return env;
}
