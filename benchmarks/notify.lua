-- Change one attribute of one of many entities per request, its new value the microsecond it was sent; so many a second.
local ffi = require("ffi")
ffi.cdef [[ typedef struct { long seconds, micros; } moment; int gettimeofday(moment *at, void *zone); ]]
local at = ffi.new("moment")
local function micros()
  ffi.C.gettimeofday(at, nil)
  return tonumber(at.seconds) * 1000000 + tonumber(at.micros)
end
function init(args)
  types, each, rate = tonumber(args[1]), tonumber(args[2]), tonumber(args[3])
  math.randomseed(42)
  began, made = micros(), 0
end
function delay()
  if rate == 0 then return 0 end
  made = made + 1
  return math.max(0, math.floor((began + made * 1000000 / rate - micros()) / 1000))
end
function request()
  local id = "urn:ngsi-ld:Noticed" .. math.random(types) .. ":" .. math.random(each)
  return wrk.format("PATCH", "/ngsi-ld/v1/entities/" .. id .. "/attrs/sent",
    {["Content-Type"] = "application/json"}, string.format('{"type":"Property","value":%.0f}', micros()))
end
