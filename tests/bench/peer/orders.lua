-- POST /v1/orders as API.md has it, in nginx: the order's id derived, one EVALSHA, the answer written.
-- What LuaJIT would interpret at length is avoided: calls through cached functions, no pattern, one line to receive.
local redis, cjson, ffi, base64 = require "nginx.redis", require "cjson.safe", require "ffi", require "ngx.base64"
ffi.cdef "unsigned char *SHA256(const unsigned char *d, size_t n, unsigned char *md);"
local SHA256, digest = ffi.load("crypto.so.3").SHA256, ffi.new("unsigned char[32]")
local PROBLEMS = {SOLD_OUT = "sold-out", LIMIT = "limit-reached", NOT_STARTED = "not-started", ENDED = "ended"}
local M, texts = {}, {}

function M.setup(port, sha) M.port, M.sha = port, sha end

local function derive(user, key, sku)
    local named = user .. "\0" .. key .. "\0" .. sku
    SHA256(named, #named, digest)
    return base64.encode_base64url(ffi.string(digest, 16))
end

local function answer(status, kind, body, location)
    local header = ngx.header
    ngx.status = status
    header["Content-Type"] = kind
    header["Content-Length"] = #body
    header["Location"] = location
    ngx.print(body)
end

local function problem(status, slug)
    answer(status, "application/problem+json",
        '{"type":"/problems/' .. slug .. '","title":"' .. slug .. '","status":' .. status .. '}')
end

-- The text of a second; those of the last hour or so are kept.
local function time_text(seconds)
    local slot = seconds % 4096
    local known = texts[slot]
    if not known or known.seconds ~= seconds then
        known = {seconds = seconds, text = os.date("!%Y-%m-%dT%H:%M:%SZ", seconds)}
        texts[slot] = known
    end
    return known.text
end

function M.post()
    ngx.req.read_body()
    local order, var = cjson.decode(ngx.req.get_body_data() or ""), ngx.var
    local user, key, sku = var.http_x_user_id, var.http_idempotency_key, order and order.sku
    local quantity = order and tonumber(order.quantity)
    if not user or not key or type(sku) ~= "string" or not quantity or quantity < 1 or quantity > 9999 then
        return problem(400, "bad-body")
    end
    local client, ref, tag = redis:new(), derive(user, key, sku), "peer:{" .. sku .. "}:"
    client:set_timeout(5000)
    if not client:connect("127.0.0.1", M.port) then return problem(503, "not-admitting") end
    local got, err = client:evalsha(M.sha, 4, tag .. "stock", tag .. "orders", tag .. "users", tag .. "journal", ref, user, quantity)
    if not got then
        ngx.log(ngx.ERR, "redis: ", err)
        return problem(503, "outcome-unknown")
    end
    client:set_keepalive(60000, 1024)
    if PROBLEMS[got] then return problem(409, PROBLEMS[got]) end
    local at_s, due_s, units = tonumber(got:sub(1, 10)), tonumber(got:sub(12, 21)), got:sub(23) -- as order.lua writes them
    local id = sku .. "." .. ref
    answer(202, "application/json", '{"order_id":"' .. id .. '","sku":"' .. sku .. '","quantity":' .. units ..
        ',"status":"QUEUED","pay_by":"' .. time_text(due_s) .. '","version":1,"updated_at":"' .. time_text(at_s) .. '"}',
        "/v1/orders/" .. id)
end

return M
