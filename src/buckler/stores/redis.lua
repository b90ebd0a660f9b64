#!lua
-- One batch, in order and all at once. KEYS: one for each op. ARGV: "1" when the Take before this batch was allowed; then for each op its
-- verb with what belongs to it, and the value where one is written. Answers one reply for each op.
-- Refused as a whole when the server is full or a replica (which the first line asks for): then nothing of it has been done.
local GRAIN = 2 ^ -21
local replies = {}
local before = ARGV[1] == '1'
local now

local function take(key, spec)
  -- core.store.gcra, number for number: both compute in IEEE doubles. A test compares them bit for bit.
  local period, limit, cost, follows, spent = struct.unpack('<dddBB', spec, 2)
  if not now then
    local time = redis.call('TIME')
    now = tonumber(time[1]) + tonumber(time[2]) / 1000000
  end
  local kept = redis.call('GET', key)
  local due = kept and struct.unpack('<d', kept) or 0
  local interval = period / limit
  local slack = math.min(limit * GRAIN, interval / 2)
  local start = math.max(due, now)
  if start - now - period > slack then
    start = now + period
  end
  local step = interval * cost
  local next_due = start + step
  if next_due - start < step then
    next_due = next_due + GRAIN
  end
  local over = next_due - now - period
  local late = over > slack
  local free = before or follows == 0
  local new, shown = 0, 0
  if spent == 1 and free then
    new = math.min(next_due, now + period)
    shown = new
  elseif late or not free then
    new = math.min(due, start)
    shown = start
  else
    new = math.max(next_due, now)
    shown = new
  end
  if new <= now then
    if kept then
      redis.call('DEL', key)
    end
  elseif new ~= due then -- a refusal changes nothing, and so it writes nothing
    redis.call('SET', key, struct.pack('<d', new), 'PX', string.format('%.0f', math.ceil((new - now) * 1000) + 1))
  end
  before = free and not late
  local left = math.max(0, math.floor((period + slack - (shown - now)) / interval))
  return struct.pack('<Bddd', before and 1 or 0, left, late and over or 0, shown - now)
end

local at = 2
for number, key in ipairs(KEYS) do
  local spec = ARGV[at]
  local verb = string.sub(spec, 1, 1)
  at = at + 1
  if verb == 'T' then
    replies[number] = take(key, spec)
  elseif verb == 'G' then
    replies[number] = redis.call('GET', key)
  elseif verb == 'D' then
    replies[number] = redis.call('DEL', key)
  else
    local value = ARGV[at]
    at = at + 1
    local millis = string.sub(spec, 2)
    if verb == 'P' then
      redis.call('SET', key, value, 'PX', millis)
      replies[number] = false
    else
      replies[number] = redis.call('SET', key, value, 'PX', millis, verb == 'A' and 'NX' or 'XX') and 1 or 0
    end
  end
end
return replies
