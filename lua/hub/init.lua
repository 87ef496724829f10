-- The hub's own behaviour, run once at start in the engine `hub`.
--
-- Each module here can be replaced by a file of the same name in the device's data folder (docs/agents.md): what stands
-- in `<data>/lua/hub/agents.lua` is `require("hub.agents")`, and finds the shipped one as `require("shipped.hub.agents")`.
-- A file there that does not load is reported, and the shipped one does its work.

-- In the order of need, so that a replacement that fails is made up for before anything else wants the module.
local modules = {
  "hub.failure",
  "hub.hooks",
  "hub.layers",
  "hub.environment",
  "hub.sessions",
  "hub.worktree_locks",
  "hub.typed_prompts",
  "hub.agent_definitions",
  "hub.accessories",
  "hub.agent_records",
  "hub.agent_job",
  "hub.agent_steps",
  "hub.agent_creation",
  "hub.agent_removal",
  "hub.agents",
  "hub.commands",
  "hub.attention",
  "hub.devices",
  "hub.signaling",
}

local function with_traceback(failure)
  return debug.traceback(tostring(failure), 2)
end

for _, name in ipairs(modules) do
  local ok, failure = xpcall(require, with_traceback, name)
  if not ok then
    log.error(("%s in %s/lua could not be used, so the shipped one is: %s"):format(name, config.data_dir(), failure))
    package.loaded[name] = require("shipped." .. name)
  end
end

local agents = require("hub.agents")
local attention = require("hub.attention")
local devices = require("hub.devices")
local signaling = require("hub.signaling")

-- Handlers of host facts ask the module each time, so that a user's file can replace its functions later too.
events.on("process_exited", function(data) agents.session_ended(data.session_uuid) end)
events.on("sessions_adopted", function() agents.sessions_adopted() end)
-- Not here: it asks git, and the hub is ready without.
timer.after(0, function() agents.sessions_adopted() end)

events.on("pty_bell", function(data) attention.rang(data) end)
events.on("pty_notification", function(data) attention.notified(data) end)
events.on("pty_prompt", function(data) attention.prompted(data) end)
events.on("pty_activity", function(data) attention.active(data) end)
events.on("session_updated", function(data) attention.updated(data) end)
events.on("sessions_adopted", function(data) attention.adopted(data) end)
events.on("process_exited", function(data) attention.forget(data.session_uuid) end)

events.on("device_paired", function(data) devices.paired(data) end)

events.on("webrtc_answer", function(data) signaling.answer(data) end)
events.on("webrtc_candidate", function(data) signaling.candidate(data) end)
events.on("action_cable_connected", function(data) signaling.connected(data) end)
events.on("device_rekey", function(data) signaling.rekeyed(data) end)
events.on("action_cable_subscribed", function(data) signaling.subscribed(data) end)
events.on("action_cable_rejected", function(data) signaling.rejected(data) end)
events.on("action_cable_disconnected", function(data) signaling.disconnected(data) end)
events.on("web_address_changed", function() signaling.moved() end)

-- When the user's own Lua has had its say.
timer.after(0, function() signaling.start() end)

-- The user's own: hooks, events, more commands.
local own = config.data_dir() .. "/lua/init.lua"
if fs.exists(own) then
  local ok, failure = xpcall(require, with_traceback, "init")
  if not ok then log.error(("%s failed: %s"):format(own, failure)) end
end

log.debug("hub " .. hub.hub_id() .. " started")
