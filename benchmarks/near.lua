-- Ask for the entities around a random place per request, about a hundred of them.
function init(args)
  metres = args[1]
  math.randomseed(45)
end
function request()
  local x, y = 135 + math.random() * 0.9, 34 + math.random() * 0.9
  return wrk.format("GET", string.format(
    "/ngsi-ld/v1/entities?type=Bench&limit=100&georel=near;maxDistance==%s&geometry=Point&coordinates=[%.5f,%.5f]", metres, x, y))
end
