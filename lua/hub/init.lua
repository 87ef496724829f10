-- The hub's own behaviour, run once at start in the engine `hub`. What users can replace lives beside this file.
log.debug("hub " .. hub.hub_id() .. " started")
