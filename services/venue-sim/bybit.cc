#include "services/venue-sim/bybit.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "libs/base/digest.h"
#include "services/venue-sim/bybit_payloads.h"

namespace gannet::venue_sim::bybit {
namespace {

constexpr int64_t kAheadMs = 1000;

// A flat JSON object as parameters; false when it is none.
bool ReadBody(std::string_view body, Params& params) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(body.data(), body.size()).get(object)) return false;
  for (const auto [key, value] : object) {
    std::string_view text;
    params.Add(std::string(key), value.get(text) ? simdjson::minify(value) : std::string(text));
  }
  return true;
}

std::optional<int64_t> Number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool Signed(const ApiKey& key, const std::string& payload, std::string_view signature) {
  return base::Hex(base::HmacSha256(key.secret, payload)) == signature;
}

// What the spot core refuses, in Bybit's codes.
std::pair<int, std::string> CodeOf(const ApiError& error) {
  const auto says = [&](std::string_view words) {
    return error.message.find(words) != std::string::npos;
  };
  if (says("Duplicate order")) return {170141, "Duplicate clientOrderId."};
  if (says("insufficient balance")) return {170131, "Balance insufficient."};
  if (says("PRICE_FILTER")) return {170134, "Order price has too many decimals."};
  if (says("PERCENT_PRICE")) return {170193, "Order price is out of range."};
  if (says("LOT_SIZE")) return {170137, "Order quantity has too many decimals."};
  if (says("NOTIONAL")) return {170140, "Order value exceeded lower limit."};
  if (says("immediately match")) return {170217, "Only LIMIT-MAKER order is supported."};
  if (error.code == -1121) return {170121, "Invalid symbol."};
  if (error.code <= -1100 && error.code > -1200)
    return {170130, "Data sent for parameter is not valid."};
  return {170210, "New order rejected."};
}

}  // namespace

// --- REST ----------------------------------------------------------------------

std::optional<Door::Refusal> Door::Authenticate(const net::HttpRequest& request,
                                                std::string_view query,
                                                const ApiKey*& known) const {
  const auto header = [&](std::string_view name) {
    return std::string(net::FindHeader(request.headers, name));
  };
  const std::string key_text = header("X-BAPI-API-KEY"), time = header("X-BAPI-TIMESTAMP"),
                    window = header("X-BAPI-RECV-WINDOW");
  const auto key = authenticator_.CheckKey(key_text);
  if (Failed(key) != nullptr) return Refusal{10003, "API key is invalid."};
  const std::string payload =
      time + key_text + window + (request.method == "GET" ? std::string(query) : request.body);
  if (!Signed(**Ok(key), payload, header("X-BAPI-SIGN")))
    return Refusal{10004, "Error sign, please check your signature generation algorithm."};
  const auto stamp = Number(time), span = Number(window.empty() ? "5000" : window);
  const int64_t now = base::UnixMillis(exchange_.now());
  if (!stamp || !span || *stamp < now - *span || *stamp >= now + kAheadMs)
    return Refusal{10002, "The request time exceeds the time window range."};
  known = *Ok(key);
  return std::nullopt;
}

net::HttpResponse Door::Answer(const net::HttpRequest& request, std::string_view path,
                               std::string_view query) {
  const base::Time now = exchange_.now();
  Call call;
  const bool sound =
      request.method == "GET" ? call.params.AddForm(query) : ReadBody(request.body, call.params);
  net::HttpResponse response{200, {{"Content-Type", "application/json"}}, {}};
  if (!sound) {
    call.refusal = Refusal{10001, "Request parameter error."};
  } else if (path == "/v5/market/time") {
    call.result.Object()
        .Text("timeSecond", std::to_string(base::UnixMillis(now) / 1000))
        .Text("timeNano", std::to_string(base::UnixNanos(now)))
        .EndObject();
  } else if (auto refusal = Authenticate(request, query, call.key)) {
    call.refusal = std::move(refusal);
  } else {
    call.account = call.key->account;
    Window& window = windows_[call.account];
    const int64_t second = base::UnixMillis(now) / 1000;
    if (window.second != second) window = {second, 0};
    ++window.count;
    response.headers.emplace_back("X-Bapi-Limit", std::to_string(kRequestsPerSecond));
    response.headers.emplace_back(
        "X-Bapi-Limit-Status",
        std::to_string(std::max<int64_t>(0, kRequestsPerSecond - window.count)));
    response.headers.emplace_back("X-Bapi-Limit-Reset-Timestamp",
                                  std::to_string((second + 1) * 1000));
    if (window.count > kRequestsPerSecond) {
      call.refusal = Refusal{10006, "Too many visits. Exceeded the API Rate Limit."};
    } else {
      Dispatch(request.method, path, call);
    }
  }
  JsonText json;
  json.Object().Int("retCode", call.refusal ? call.refusal->code : 0);
  json.Text("retMsg", call.refusal ? call.refusal->message : "OK");
  const bool empty = call.refusal || call.result.text().empty();
  json.Raw("result", empty ? "{}" : call.result.text())
      .Raw("retExtInfo", "{}")
      .Int("time", base::UnixMillis(now))
      .EndObject();
  response.body = json.Take();
  return response;
}

void Door::Dispatch(std::string_view method, std::string_view path, Call& call) {
  const bool get = method == "GET", post = method == "POST";
  if (post && path == "/v5/order/disconnected-cancel-all") return Protect(call);
  if (get && path == "/v5/account/wallet-balance") {
    call.result.Object().Array("list");
    WriteWallet(call.result, exchange_.core(), call.account, ListedAssets());
    call.result.EndArray().EndObject();
    return;
  }
  if (get && path == "/v5/user/query-api") return WriteKey(call);
  if (call.params.Get("category") != "spot") {
    call.refusal = Refusal{10001, "Only category spot is served here."};
  } else if (post && path == "/v5/order/create") {
    Create(call);
  } else if (post && path == "/v5/order/cancel") {
    Cancel(call);
  } else if (get && (path == "/v5/order/realtime" || path == "/v5/order/history")) {
    Orders(call, path == "/v5/order/history");
  } else if (get && path == "/v5/execution/list") {
    Executions(call);
  } else {
    call.refusal = Refusal{10404, "Path is not found."};
  }
}

// Fields as "Get API Key Information" documents them.
void Door::WriteKey(Call& call) {
  JsonText& out = call.result;
  out.Object().Text("apiKey", call.key->key).Int("readOnly", 0).Text("secret", "");
  out.Object("permissions").Array("ContractTrade").EndArray();
  out.Array("Spot").Text("SpotTrade").EndArray().Array("Wallet");
  if (call.key->may_withdraw) out.Text("Withdraw");
  out.EndArray().EndObject().Array("ips");
  out.Text(call.key->ip_restricted ? "127.0.0.1" : "*").EndArray().EndObject();
}

void Door::Create(Call& call) {
  ParamReader params(call.params);
  PlaceRequest request;
  request.symbol = params.Symbol();
  const std::string_view side = params.Text("side"), type = params.Text("orderType");
  if (side != "Buy" && side != "Sell") params.Refuse(-1117, "side");
  if (type != "Limit" && type != "Market") params.Refuse(-1116, "orderType");
  if (call.params.Has("triggerPrice")) params.Refuse(-1116, "conditional orders");
  request.side = side == "Sell" ? market::Side::kSell : market::Side::kBuy;
  request.kind = type == "Market" ? OrderKind::kMarket : OrderKind::kLimit;
  const int64_t quantity = params.Decimal("qty");
  const std::string_view unit = call.params.Get("marketUnit");
  const bool by_value = request.kind == OrderKind::kMarket &&
                        (unit == "quoteCoin" || (unit.empty() && side == "Buy"));
  (by_value ? request.quote_quantity : request.quantity) = quantity;
  if (request.kind == OrderKind::kLimit) {
    request.price = params.Decimal("price");
    const std::string_view time = params.TextOr("timeInForce", "GTC");
    if (time == "PostOnly") {
      request.kind = OrderKind::kLimitMaker;
    } else if (time == "IOC") {
      request.time_in_force = TimeInForce::kIoc;
    } else if (time == "FOK") {
      request.time_in_force = TimeInForce::kFok;
    } else if (time != "GTC") {
      params.Refuse(-1115, "timeInForce");
    }
  }
  request.client_order_id = params.ClientOrderId("orderLinkId");
  if (!params.ok()) {
    auto [code, message] = CodeOf(params.error());
    call.refusal = Refusal{code, std::move(message)};
    return;
  }
  const venue_sim::Answer<Placed> placed = exchange_.Place(call.account, request);
  if (const ApiError* error = Failed(placed)) {
    auto [code, message] = CodeOf(*error);
    call.refusal = Refusal{code, std::move(message)};
    return;
  }
  const VenueOrder& order = Ok(placed)->order;
  call.result.Object()
      .Text("orderId", OrderId(order.request.symbol, order.order_id))
      .Text("orderLinkId", order.request.client_order_id)
      .EndObject();
}

void Door::Cancel(Call& call) {
  ParamReader params(call.params);
  OrderRef ref;
  ref.symbol = params.Symbol();
  ref.client_order_id = call.params.Get("orderLinkId");
  if (const auto id = ParseOrderId(call.params.Get("orderId"))) ref.order_id = id->second;
  const venue_sim::Answer<Canceled> canceled =
      params.ok() ? exchange_.Cancel(call.account, ref, "") : ApiError{-2011, ""};
  if (Failed(canceled) != nullptr) {
    call.refusal = Refusal{170213, "Order does not exist."};
    return;
  }
  const VenueOrder& order = Ok(canceled)->order;
  call.result.Object()
      .Text("orderId", OrderId(order.request.symbol, order.order_id))
      .Text("orderLinkId", order.request.client_order_id)
      .EndObject();
}

// Working orders; by id also those that ended, which the history has alone.
void Door::Orders(Call& call, bool closed_only) {
  call.result.Object().Text("category", "spot").Text("nextPageCursor", "").Array("list");
  const std::string_view id = call.params.Get("orderId"), link = call.params.Get("orderLinkId");
  if (!id.empty() || !link.empty()) {
    OrderRef ref;
    ref.symbol = ParamReader(call.params).Symbol();
    ref.client_order_id = link;
    if (const auto parsed = ParseOrderId(id)) {
      ref = OrderRef{parsed->first, parsed->second, ""};
    }
    const auto found = exchange_.core().FindOrder(call.account, ref);
    if (const VenueOrder* order = Ok(found);
        order != nullptr && !(closed_only && IsOpen(order->status)))
      WriteOrder(call.result, *order);
  } else if (!closed_only) {
    for (const VenueOrder* order : exchange_.core().OpenOrders(call.account, std::nullopt))
      WriteOrder(call.result, *order);
  }
  call.result.EndArray().EndObject();
}

// Newest first, page by page; the cursor counts the rows that were listed.
void Door::Executions(Call& call) {
  ParamReader params(call.params);
  const SymbolIndex symbol = params.Symbol();
  const int64_t start = params.IntegerOr("startTime", 0);
  const auto limit =
      static_cast<size_t>(std::clamp<int64_t>(params.IntegerOr("limit", 50), 1, 100));
  const auto skip = static_cast<size_t>(params.IntegerOr("cursor", 0));
  const auto wanted = ParseOrderId(call.params.Get("orderId"));
  if (!params.ok()) {
    call.refusal = Refusal{10001, "Request parameter error."};
    return;
  }
  std::vector<const AccountTrade*> rows;
  const auto& trades = exchange_.core().account_trades(call.account);
  for (auto at = trades.rbegin(); at != trades.rend(); ++at) {
    if (at->symbol == symbol && at->time_ms >= start && (!wanted || at->order_id == wanted->second))
      rows.push_back(&*at);
  }
  const size_t end = std::min(rows.size(), skip + limit);
  call.result.Object()
      .Text("category", "spot")
      .Text("nextPageCursor", end < rows.size() ? std::to_string(end) : "")
      .Array("list");
  for (size_t i = std::min(skip, end); i < end; ++i) {
    const auto order = exchange_.core().FindOrder(call.account, {symbol, rows[i]->order_id, ""});
    WriteExecution(call.result, *rows[i], Ok(order));
  }
  call.result.EndArray().EndObject();
}

void Door::Protect(Call& call) {
  const auto seconds = Number(call.params.Get("timeWindow"));
  if (!seconds || *seconds < 3 || *seconds > 300) {
    call.refusal = Refusal{10001, "timeWindow must be 3 to 300."};
    return;
  }
  Protection& protection = protections_[call.account];
  protection.window = std::chrono::seconds(*seconds);
  if (!Listens(call.account)) protection.due = exchange_.now() + protection.window;
}

// --- private stream --------------------------------------------------------------

void Door::Close(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const std::optional<AccountIndex> account = found->second.account;
  connections_.erase(found);
  if (!account || Listens(*account)) return;
  const auto protection = protections_.find(*account);
  if (protection != protections_.end())
    protection->second.due = exchange_.now() + protection->second.window;
}

bool Door::Listens(AccountIndex account) const {
  return std::any_of(connections_.begin(), connections_.end(), [account](const auto& entry) {
    return entry.second.subscribed && entry.second.account == account;
  });
}

void Door::Reply(ConnectionId id, std::string_view operation, std::string_view request_id,
                 bool success, std::string_view message) {
  JsonText json;
  json.Object()
      .Bool("success", success)
      .Text("ret_msg", message)
      .Text("op", operation)
      .Text("conn_id", "c" + std::to_string(static_cast<uint64_t>(id)))
      .Text("req_id", request_id)
      .EndObject();
  outbox_.Send(id, json.Take());
}

void Door::OnMessage(ConnectionId id, std::string_view text) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  simdjson::dom::parser parser;
  simdjson::dom::object frame;
  simdjson::dom::array args;
  std::string_view operation, request_id;
  if (parser.parse(text.data(), text.size()).get(frame) || frame["op"].get(operation))
    return Reply(id, "", "", false, "Params Error");
  if (frame["req_id"].get(request_id)) request_id = {};  // optional
  if (operation == "ping") return Reply(id, "pong", request_id, true, "pong");
  if (frame["args"].get(args)) return Reply(id, operation, request_id, false, "Params Error");
  if (operation == "auth") {
    std::string_view key_text, signature;
    int64_t expires = 0;
    const bool sound =
        !args.at(0).get(key_text) && !args.at(1).get(expires) && !args.at(2).get(signature);
    const auto key = authenticator_.CheckKey(key_text);
    if (!sound || Failed(key) != nullptr ||
        !Signed(**Ok(key), "GET/realtime" + std::to_string(expires), signature) ||
        expires < base::UnixMillis(exchange_.now()))
      return Reply(id, "auth", request_id, false, "Params Error");
    connection.account = (*Ok(key))->account;
    return Reply(id, "auth", request_id, true);
  }
  if (operation != "subscribe" || !connection.account)
    return Reply(id, operation, request_id, false, "Request not authorized");
  connection.subscribed = true;
  if (const auto protection = protections_.find(*connection.account);
      protection != protections_.end())
    protection->second.due.reset();
  Reply(id, "subscribe", request_id, true);
}

void Door::Publish(AccountIndex account, std::string text) {
  const auto shared = std::make_shared<const std::string>(std::move(text));
  for (const auto& [id, connection] : connections_) {
    if (connection.subscribed && connection.account == account) outbox_.Send(id, shared);
  }
}

void Door::OnExecution(const Execution& execution) {
  if (!Listens(execution.order.account)) return;
  // The docs promise no order between the two: trades come first here.
  if (execution.type == ExecutionType::kTrade)
    Publish(execution.order.account, ExecutionFrame(execution));
  Publish(execution.order.account, OrderFrame(execution));
}

void Door::OnBalances(AccountIndex account, const std::vector<std::string>& assets,
                      base::Time now) {
  if (Listens(account)) Publish(account, WalletFrame(exchange_.core(), account, assets, now));
}

void Door::Expire() {
  for (auto& [account, protection] : protections_) {
    if (!protection.due || *protection.due > exchange_.now()) continue;
    protection.due.reset();
    for (SymbolIndex symbol = 0; symbol < ListedSymbols().size(); ++symbol) {
      if (!exchange_.core().OpenOrders(account, symbol).empty())
        (void)exchange_.CancelAll(account, symbol);
    }
  }
}

}  // namespace gannet::venue_sim::bybit
