-- Commands that are not wanted any more. ARGV: prefix, then serial, id, expires at.
-- The id counts as queued from now on, so that a delivery that comes late changes nothing.
-- Returns the ids that were waiting.
local prefix, now = ARGV[1], redis.call('TIME')[1]
local dropped = {}
for i = 2, #ARGV, 3 do
  local queue, id = prefix .. 'q:' .. ARGV[i], ARGV[i + 1]
  local seconds = math.ceil(math.max(tonumber(ARGV[i + 2]) - now, 0)) + 3600
  redis.call('SET', prefix .. 'k:' .. id, 1, 'EX', seconds)
  for _, item in ipairs(redis.call('LRANGE', queue, 0, -1)) do
    if string.format('%.0f', cjson.decode(string.match(item, '^%S+ (.*)$')).id) == id then
      redis.call('LREM', queue, 1, item)
      dropped[#dropped + 1] = id
    end
  end
end
return dropped
