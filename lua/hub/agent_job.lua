-- One agent in the making: what is known of it, and how to take back what was made.
local fail = require("hub.failure")
local hooks = require("hub.hooks")

local Job = {}
Job.__index = Job

local M = {}

-- `options` as of agents.create, `report` as there.
function M.new(options, report)
  return setmetatable({
    options = options,
    uuid = crypto.uuid(),
    warnings = json.array(),
    -- Accessories that were started.
    started = json.array(),
    report = report or function() end,
    undo = {},
  }, Job)
end

-- Passes on what a function answered, or ends the making with its failure, in the name of a step.
function Job:check(step, value, err)
  if value == nil then error({ step = step, err = err }, 0) end
  return value
end

-- Ends the making.
function Job:refuse(step, code, message, details)
  return self:check(step, fail(code, message, details))
end

-- Notes how to take something back: `undo()` answers nil, err if it cannot be. `what` names it for people, or is nil for
-- what nobody misses.
function Job:on_undo(what, undo)
  self.undo[#self.undo + 1] = { what = what, run = undo }
end

-- Takes back what was made, last first. Answers what could not be taken back, in words.
function Job:undo_all()
  local kept = json.array()
  for index = #self.undo, 1, -1 do
    local entry = self.undo[index]
    local ok, done, err = pcall(entry.run)
    if entry.what and (not ok or done == nil) then
      kept[#kept + 1] = ("%s stays: %s"):format(entry.what, ok and tostring(err) or tostring(done))
    end
  end
  return kept
end

-- Tells where it is.
function Job:status(name, more)
  local data = { agent_id = self.uuid, status = name, branch = self.options.branch, agent = self.kind }
  for key, value in pairs(more or {}) do data[key] = value end
  hooks.announce("agent_status_changed", data)
end

return M
