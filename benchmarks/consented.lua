-- Consented reads with an application's key: of one of many people by id, or of everybody who allows it.
-- arguments: key, tenant, a file with a path in each line
function init(args)
  headers = { ["Authorization"] = "Bearer " .. args[1], ["NGSILD-Tenant"] = args[2] }
  paths = {}
  for line in io.lines(args[3]) do paths[#paths + 1] = line end
  math.randomseed(41)
end
function request()
  return wrk.format("GET", paths[math.random(#paths)], headers)
end
