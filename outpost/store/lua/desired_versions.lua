-- ARGV: prefix, then serials. Returns {uuid, hash, network, commands waiting} each, false when unclaimed.
local prefix, found = ARGV[1], {}
redis.call('DEL', prefix .. '-') -- never there. It writes: a demoted writer refuses that, and would tell what once was
for i = 2, #ARGV do
  local version = redis.call('HMGET', prefix .. 'd:' .. ARGV[i], 'u', 'h', 'n')
  if version[1] then
    version[4] = redis.call('LLEN', prefix .. 'q:' .. ARGV[i])
  end
  found[i - 1] = version[1] and version
end
return found
