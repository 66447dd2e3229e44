-- The donors: every open gift is carried on before a new one is begun, and only a page that says
-- "paid" counts. One wrk thread, many connections.

local waiting, begun = {}, 0
paid, bad, first_bad = 0, 0, ""

local function env(name) return os.getenv(name) or "" end
local give_path, back_path = env("GIVE_PATH"), env("BACK_PATH")
local cookie, fields, paid_mark = env("COOKIE"), env("FIELDS"), env("PAID_MARK")
local run = env("RUN")
local form = { ["Content-Type"] = "application/x-www-form-urlencoded", ["Cookie"] = cookie }

local function encoded(text)
  return (text:gsub("[^%w]", function(c) return string.format("%%%02X", c:byte()) end))
end

local function bank_answer(token)
  local order, key = token:match("^(%d+)K(.*)$")
  local path = back_path:gsub("KEY", (key:gsub("%%", "%%%%")))
  local body = "RefId=" .. encoded(token) .. "&ResCode=0&SaleOrderId=" .. order
    .. "&SaleReferenceId=" .. order .. "&CardHolderPan=610433******1234"
  table.insert(waiting, wrk.format("POST", path, form, body))
end

local function count_bad(status, body)
  if bad == 0 then first_bad = status .. " " .. body:sub(1, 1500) end
  bad = bad + 1
end

function request()
  if #waiting > 0 then return table.remove(waiting) end
  begun = begun + 1
  local body = fields:gsub("REQUESTKEY", run .. "-" .. begun)
  return wrk.format("POST", give_path, form, body)
end

function response(status, headers, body)
  local location = headers["Location"] or headers["location"]
  if status >= 300 and status < 400 and location then
    local path = location:gsub("^https?://[^/]+", "")
    local token = path:match("[?&]RefId=([^&]+)")
    -- The peer has a page of its own that leads on to the bank; it is fetched as a browser would.
    if token and not path:match("^/bankgateways/") then bank_answer(token) return end
    table.insert(waiting, wrk.format("GET", path, { ["Cookie"] = cookie }))
  elseif status == 200 then
    local token = body:match('name="RefId" value="([^"]+)"')
      or body:match("name='RefId' value='([^']+)'") or body:match('name="RefId"%s+value="([^"]+)"')
    if token then bank_answer((token:gsub("&amp;", "&")))
    elseif body:find(paid_mark, 1, true) then paid = paid + 1
    else count_bad(status, body) end
  else count_bad(status, body) end
end

local threads = {}
function setup(thread) table.insert(threads, thread) end

function done(summary, latency, requests)
  local total_paid, total_bad = 0, 0
  for _, thread in ipairs(threads) do
    total_paid = total_paid + thread:get("paid")
    total_bad = total_bad + thread:get("bad")
    io.write(thread:get("first_bad"))
  end
  io.write(string.format("RESULT paid=%d bad=%d seconds=%.3f p50=%.1f p99=%.1f requests=%d\n",
    total_paid, total_bad, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.requests))
end
