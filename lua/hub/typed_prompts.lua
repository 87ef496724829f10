-- Types a prompt into a program that takes none on its command line, once it waits for input.
--
-- It waits when its screen has something on it and has not changed for IDLE_S. A program whose screen stays empty gets
-- its prompt after SILENT_S, one that never rests after LIMIT_S: then the prompt may get lost, which the log says.
local M = {}

M.IDLE_S = 0.7
M.SILENT_S = 5
M.LIMIT_S = 20
local LOOK_S = 0.2
-- Between the text and Enter: programs that take a paste apart from keys must have seen its end.
local ENTER_S = 0.15

-- What may be typed: no control characters but line ends and tabs, so that text cannot press keys or end the paste.
function M.clean(text)
  return (text:gsub("\r\n?", "\n"):gsub("[\0-\8\11-\31\127]", ""):gsub("\xC2[\x80-\x9F]", ""))
end

local function type_into(handle, text, bracketed)
  text = M.clean(text)
  if bracketed then
    handle:write("\27[200~" .. text .. "\27[201~")
  else
    handle:write((text:gsub("\n", "\r")))
  end
  timer.sleep(ENTER_S)
  handle:write("\r")
end

-- Waits until the program is ready for input. Answers whether it still runs.
local function wait_until_ready(handle)
  local waited_s, quiet_s, shown = 0, 0, nil
  while waited_s < M.LIMIT_S do
    timer.sleep(LOOK_S)
    waited_s = waited_s + LOOK_S
    if not handle:is_alive() then return false end
    local screen = handle:screen() or ""
    quiet_s = screen == shown and quiet_s + LOOK_S or 0
    shown = screen
    if screen:find("%S") then
      if quiet_s >= M.IDLE_S then return true end
    elseif waited_s >= M.SILENT_S then
      return true
    end
  end
  log.warn(("session %s did not come to rest in %d s; its prompt is typed now"):format(handle.uuid, M.LIMIT_S))
  return true
end

-- Types `text` into the session when it is ready for it. Returns at once.
function M.deliver(handle, text)
  timer.after(0, function()
    if not wait_until_ready(handle) then
      log.warn(("the prompt for session %s was not typed: the program ended"):format(handle.uuid))
      return
    end
    local record = handle:info()
    type_into(handle, text, record ~= nil and record.modes ~= nil and record.modes.bracketed_paste)
  end)
end

return M
