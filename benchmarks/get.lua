-- Read one of many entities by id per request.
function init(args)
  many = tonumber(args[1])
  math.randomseed(43)
end
function request()
  return wrk.format("GET", "/ngsi-ld/v1/entities/urn:ngsi-ld:Bench:" .. math.random(many))
end
