-- Ask for twenty entities of a type with a value per request.
function init(args)
  math.randomseed(44)
end
function request()
  return wrk.format("GET", "/ngsi-ld/v1/entities?type=Bench&limit=20&q=group==" .. math.random(0, 999))
end
