-- Create an entity per request, each with an id of its own.
local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end
function init(args)
  made = 0
  run = args[1] or "0"
end
function request()
  made = made + 1
  local body = string.format(
    '{"id":"urn:ngsi-ld:Room:%s-%d-%d","type":"Room","temperature":{"type":"Property","value":%d,"unitCode":"CEL"},' ..
    '"name":{"type":"Property","value":"Room %d"},"location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[135.%04d,34.%04d]}}}',
    run, number, made, made % 40, made, made * 7919 % 10000, made * 104729 % 10000)
  return wrk.format("POST", "/ngsi-ld/v1/entities", {["Content-Type"] = "application/json"}, body)
end
