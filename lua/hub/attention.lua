-- Attention: an agent that rings, sends a notification, or ends a long command while nobody looks at it, needs somebody.
--
-- It is kept with the session, as `meta.attention` { at, text? }, so that whoever connects later sees it, also after a
-- restart of the hub; agents have it as their field `attention`. It is over when somebody attaches, when a shell gets its
-- next command, or when the agent is at work again, by whatever way it got what it waited for.
local hooks = require("hub.hooks")
local records = require("hub.agent_records")

local M = {}

-- A shell's command that took so long was not waited for at its prompt.
M.LONG_S = 10
-- An agent that writes for so long after a rest is at work again. Less may be a clock on its screen.
M.AT_WORK_S = 5
-- How often the text of an attention that stands may change.
M.AGAIN_S = 1
M.MAX_CHARS = 300

-- Uuid -> what is only of use while this hub runs: changed_at, command_since, rested, work_since (seconds).
local moments = {}

local function moments_of(uuid)
  moments[uuid] = moments[uuid] or {}
  return moments[uuid]
end

-- The handle and the record of a running agent, or nil.
local function agent_of(uuid)
  local handle = pty.get(uuid)
  local record = handle and handle:info()
  if record and record.state == "running" and records.is_agent(record) then return handle, record end
end

-- Text of a program for people: one line, no control characters, not endless.
local function clean(text)
  text = text:gsub("[%c]+", " "):gsub("\xC2[\x80-\x9F]", " "):match("^%s*(.-)%s*$")
  local cut = utf8.offset(text, M.MAX_CHARS + 1)
  if cut and cut <= #text then text = text:sub(1, cut - 1) .. "..." end
  return text ~= "" and text or nil
end

local function set(handle, attention)
  moments_of(handle.uuid).changed_at = os.time()
  handle:update({ meta = { attention = attention or false } }, function(done, err)
    if not done then
      log.debug(("the attention of session %s could not be noted: %s"):format(handle.uuid, err))
      return
    end
    hooks.announce("agent_attention", { agent_id = handle.uuid, attention = attention or nil })
  end)
end

-- The agent needs somebody, unless somebody looks. `text` says why, if it is known.
function M.needed(uuid, text)
  local handle, record = agent_of(uuid)
  if not handle or record.attached > 0 then return end
  text = text and clean(text)
  local stands = record.meta.attention
  if stands then
    -- A ring says less than the text that is there.
    if not text or text == stands.text then return end
    if os.time() - (moments_of(uuid).changed_at or 0) < M.AGAIN_S then return end
  end
  local moment = moments_of(uuid)
  moment.rested, moment.work_since = false, nil
  set(handle, { at = os.date("!%Y-%m-%dT%H:%M:%SZ"), text = text })
end

-- It does not need anybody any more.
function M.over(uuid)
  local handle, record = agent_of(uuid)
  if handle and record.meta.attention then set(handle, false) end
end

function M.rang(data)
  M.needed(data.session_uuid)
end

function M.notified(data)
  local text = data.body
  if data.title and data.title ~= "" then text = data.title .. (text ~= "" and ": " .. text or "") end
  M.needed(data.session_uuid, text)
end

-- A mark of a shell: C, a command runs; D, it ended.
function M.prompted(data)
  local moment = moments_of(data.session_uuid)
  if data.mark == "C" then
    moment.command_since = os.time()
    M.over(data.session_uuid)
  elseif data.mark == "D" and moment.command_since then
    local took_s = os.time() - moment.command_since
    moment.command_since = nil
    if took_s < M.LONG_S then return end
    local how = data.exit_code and data.exit_code ~= 0 and ("failed with status %d"):format(data.exit_code) or "is done"
    M.needed(data.session_uuid, ("The command %s."):format(how))
  end
end

-- Somebody looks, or changed something else.
function M.updated(data)
  local session = data.session
  if session.attached > 0 and session.meta.attention then M.over(session.uuid) end
end

function M.active(data)
  local moment = moments_of(data.session_uuid)
  if data.activity == "idle" then
    moment.rested, moment.work_since = true, nil
    return
  end
  if not moment.rested then return end
  moment.work_since = moment.work_since or data.last_output_at
  if data.last_output_at - moment.work_since < M.AT_WORK_S then return end
  moment.rested, moment.work_since = false, nil
  M.over(data.session_uuid)
end

-- The hub found the sessions of its predecessor, some with attentions that stand.
function M.adopted(data)
  for _, session in ipairs(data.sessions) do
    if session.state == "running" then
      moments_of(session.uuid).rested = session.activity == "idle"
      M.updated({ session = session })
    end
  end
end

function M.forget(uuid)
  moments[uuid] = nil
end

return M
