-- Plays the requests of a file in a circle: one a line, method, path and body between tabs. Every thread begins elsewhere.
local requests, place = {}, 0
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^([^\t]*)\t([^\t]*)\t(.*)$")
    requests[#requests + 1] = wrk.format(method, path, {["Content-Type"] = "application/json"}, body ~= "" and body or nil)
  end
  place = number * math.floor(#requests / tonumber(args[2]) / 2) * 2
end

function request()
  place = place % #requests + 1
  return requests[place]
end
