-- Ask for twenty entities of a type per request: those of a group where it is said how many groups there are, else the first.
function init(args)
  groups = tonumber(args[1])
  math.randomseed(44)
end
function request()
  local q = groups and "&q=group==" .. math.random(0, groups - 1) or ""
  return wrk.format("GET", "/ngsi-ld/v1/entities?type=Bench&limit=20" .. q)
end
