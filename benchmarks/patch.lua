-- Change one attribute of one of many entities per request.
function init(args)
  many = tonumber(args[1])
  math.randomseed(42)
end
function request()
  local number = math.random(many)
  return wrk.format("PATCH", "/ngsi-ld/v1/entities/urn:ngsi-ld:Bench:" .. number .. "/attrs/temperature",
    {["Content-Type"] = "application/json"}, '{"type":"Property","value":' .. math.random(1000000) .. '}')
end
