-- The peer's script: one order with the checks that lua/reserve makes for each of its lines.
-- KEYS: stock, orders, users, journal. ARGV: ref, user, quantity.
-- Returns one line: the order's record, "accepted:due:quantity" in seconds, new or there before; or why not.
local stock = redis.call('HMGET', KEYS[1], 'available', 'starts', 'ends', 'limit', 'hold')
local record = redis.call('HGET', KEYS[2], ARGV[1])
if record then return redis.status_reply(record) end
local quantity, time = tonumber(ARGV[3]), redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
if not stock[1] or now_ms < tonumber(stock[2]) then return redis.status_reply('NOT_STARTED') end
if now_ms >= tonumber(stock[3]) then return redis.status_reply('ENDED') end
local held, limit = tonumber(redis.call('HGET', KEYS[3], ARGV[2]) or 0), tonumber(stock[4])
if limit > 0 and held + quantity > limit then return redis.status_reply('LIMIT') end
if tonumber(stock[1]) < quantity then return redis.status_reply('SOLD_OUT') end
record = time[1] .. ':' .. (time[1] + stock[5]) .. ':' .. quantity
redis.call('XADD', KEYS[4], '*', 'ref', ARGV[1], 'user', ARGV[2], 'quantity', quantity)
redis.call('HSET', KEYS[2], ARGV[1], record)
redis.call('HINCRBY', KEYS[3], ARGV[2], quantity)
redis.call('HINCRBY', KEYS[1], 'available', -quantity)
return redis.status_reply(record)
