-- The environment that every session of an agent or accessory starts with, beside what the hub itself was started with
-- (without its BOTSTER_* variables).
--
--   BOTSTER_HUB_ID          the hub's id
--   BOTSTER_HUB_SOCKET      its unix socket
--   BOTSTER_DATA_DIR        the device's data folder, so that `botster` in the session finds the same hub
--   BOTSTER_CONFIG_DIR      the same folder, under the name that plugins and scripts know
--   BOTSTER_REPO_PATH       the repository's main checkout
--   BOTSTER_SESSION_UUID    the session's name
--   BOTSTER_SESSION_TOKEN   proves to the hub that a client speaks for this session: 32 random bytes, as hex. It is
--                           only here; the hub keeps its SHA-256 with the session (`meta.token_sha256`), so that the
--                           proof works after a restart of the hub and the record of a session gives nothing away
--   BOTSTER_WORKTREE_PATH   the worktree, or the main checkout for what runs there
--   BOTSTER_BRANCH          its branch, where there is one
--   BOTSTER_AGENT_NAME      the kind of agent, such as `claude`; in accessories the accessory's name
--   BOTSTER_PROMPT          what the agent was asked to do, where it was
--   BOTSTER_PORT_<NAME>     the port of accessory <name>, in capitals, other characters than letters and digits as `_`
--   PORT                    the port leased for this session itself (set by pty.spawn)
local M = {}

-- The name of the variable with the port of an accessory.
function M.port_variable(accessory)
  return "BOTSTER_PORT_" .. accessory:upper():gsub("[^%w]", "_")
end

-- `session`: uuid, token, worktree_path, branch?, name, prompt?, ports? (accessory -> port).
function M.build(session)
  local env = {
    BOTSTER_HUB_ID = hub.hub_id(),
    BOTSTER_HUB_SOCKET = hub.socket_path(),
    BOTSTER_DATA_DIR = config.data_dir(),
    BOTSTER_CONFIG_DIR = config.data_dir(),
    BOTSTER_REPO_PATH = worktree.repo_root(),
    BOTSTER_SESSION_UUID = session.uuid,
    BOTSTER_SESSION_TOKEN = session.token,
    BOTSTER_WORKTREE_PATH = session.worktree_path,
    BOTSTER_BRANCH = session.branch,
    BOTSTER_AGENT_NAME = session.name,
    BOTSTER_PROMPT = session.prompt,
  }
  for accessory, port in pairs(session.ports or {}) do
    env[M.port_variable(accessory)] = tostring(port)
  end
  return env
end

-- A new token, and what the hub keeps of it.
function M.new_token()
  local token = crypto.random_hex(32)
  return token, crypto.sha256(token)
end

-- The record of the running session that a token belongs to, or nil.
function M.session_of_token(token)
  local hash = crypto.sha256(token)
  for _, record in ipairs(pty.list()) do
    if record.state == "running" and record.meta.token_sha256 == hash then return record end
  end
end

return M
