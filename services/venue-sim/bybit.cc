#include "services/venue-sim/bybit.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "libs/base/digest.h"
#include "services/venue-sim/bybit_linear_payloads.h"
#include "services/venue-sim/bybit_payloads.h"
#include "services/venue-sim/fault_script.h"

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
  call.rejected_later = !net::FindHeader(request.headers, kRejectedLaterHeader).empty();
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
  } else if (path.starts_with("/v5/market/")) {
    Dispatch(request.method, path, call);
  } else if (auto refusal = Authenticate(request, query, call.key)) {
    call.refusal = std::move(refusal);
  } else {
    call.account = call.key->account;
    Serve(request.method, path, call);
    for (const auto& [name, value] : LimitOf(call.account))
      response.headers.emplace_back(name, value);
  }
  JsonText json;
  json.Object().Int("retCode", call.refusal ? call.refusal->code : 0);
  json.Text("retMsg", call.refusal ? call.refusal->message : "OK");
  const bool empty = call.refusal || call.result.text().empty();
  json.Raw("result", empty ? "{}" : call.result.text())
      .Raw("retExtInfo", call.extra.text().empty() ? "{}" : call.extra.text())
      .Int("time", base::UnixMillis(now))
      .EndObject();
  response.body = json.Take();
  return response;
}

void Door::Serve(std::string_view method, std::string_view path, Call& call) {
  // Of a batch each order counts, and no request.
  const bool counted = path.ends_with("-batch") || WithinLimit(call.account);
  if (!counted) return Refuse(call, 10006, "Too many visits. Exceeded the API Rate Limit.");
  Dispatch(method, path, call);
}

bool Door::WithinLimit(AccountIndex account) {
  Window& window = windows_[account];
  const int64_t second = base::UnixMillis(exchange_.now()) / 1000;
  if (window.second != second) window = {second, 0};
  return ++window.count <= kRequestsPerSecond;
}

std::vector<std::pair<std::string, std::string>> Door::LimitOf(AccountIndex account) const {
  const auto found = windows_.find(account);
  const Window window = found == windows_.end() ? Window{} : found->second;
  const int64_t left = std::max<int64_t>(0, kRequestsPerSecond - window.count);
  return {{"X-Bapi-Limit", std::to_string(kRequestsPerSecond)},
          {"X-Bapi-Limit-Status", std::to_string(left)},
          {"X-Bapi-Limit-Reset-Timestamp", std::to_string((window.second + 1) * 1000)}};
}

void Door::Dispatch(std::string_view method, std::string_view path, Call& call) {
  const bool get = method == "GET", post = method == "POST";
  if (post && path == "/v5/order/disconnected-cancel-all") return Protect(call);
  if (get && path == "/v5/account/query-dcp-info") return WriteProtections(call);
  if (get && path == "/v5/account/wallet-balance") {
    call.result.Object().Array("list");
    WriteWallet(call.result, exchange_, call.account, HeldAssets(exchange_, call.account));
    call.result.EndArray().EndObject();
    return;
  }
  if (get && path == "/v5/user/query-api") return WriteKey(call);
  if (get && path == "/v5/account/info") return WriteAccountInfo(call);
  if (get && path == "/v5/account/transaction-log") return TransactionLog(call);
  const std::string_view category = call.params.Get("category");
  const std::string endpoint = std::string(method) + " " + std::string(path);
  if (category != "spot" && category != "linear")
    return Refuse(call, 10001, "Only categories spot and linear are served here.");
  if (endpoint == "GET /v5/market/instruments-info") return Instruments(call);
  if (endpoint == "GET /v5/market/orderbook") return OrderBook(call);
  if (post && path == "/v5/order/create-batch")
    return Batch(call, &Door::CreateSpot, &Door::CreateLinear);
  if (post && path == "/v5/order/cancel-batch")
    return Batch(call, &Door::CancelSpot, &Door::CancelLinear);
  if (!(category == "spot" ? DispatchSpot(endpoint, call) : DispatchLinear(endpoint, call)))
    Refuse(call, 10404, "Path is not found.");
}

// Spot is one page, whatever is asked.
void Door::Instruments(Call& call) {
  const bool linear = call.params.Get("category") == "linear";
  std::vector<SymbolIndex> rows;
  for (SymbolIndex symbol = 0; symbol < ListedSymbols().size(); ++symbol) {
    const bool asked =
        !call.params.Has("symbol") || call.params.Get("symbol") == ListedSymbols()[symbol].name;
    if (asked && (!linear || UsdmMarket::Lists(symbol))) rows.push_back(symbol);
  }
  const Range page = linear ? PageOf(call, rows.size(), 500, 1000) : Range{0, rows.size(), ""};
  call.result.Object().Text("category", call.params.Get("category"));
  if (linear) call.result.Text("nextPageCursor", page.next);
  call.result.Array("list");
  for (size_t i = page.begin; i < page.end; ++i) {
    const Symbol& symbol = exchange_.core().symbol(rows[i]);
    linear ? WriteLinearInstrument(call.result, symbol) : WriteSpotInstrument(call.result, symbol);
  }
  call.result.EndArray().EndObject();
}

void Door::OrderBook(Call& call) {
  const bool linear = call.params.Get("category") == "linear";
  ParamReader params(call.params);
  const SymbolIndex symbol = params.Symbol();
  const int64_t limit = params.IntegerOr("limit", linear ? 25 : 1);
  if (!params.ok() || (linear && !UsdmMarket::Lists(symbol)))
    return Refuse(call, 10001, "params error: symbol invalid");
  if (limit < 1 || limit > (linear ? 500 : 200))
    return Refuse(call, 10001, "params error: limit invalid");
  market_.WriteBook(call.result, linear, symbol, static_cast<size_t>(limit), exchange_.now());
}

// Each member as if it came alone; what became of it is told beside the list, in its order.
void Door::Batch(Call& call, void (Door::*spot)(Call&), void (Door::*linear)(Call&)) {
  const std::string_view category = call.params.Get("category");
  const size_t most = category == "spot" ? 10 : 20;
  const std::string text(call.params.Get("request"));
  simdjson::dom::parser parser;
  simdjson::dom::array members;
  if (parser.parse(text).get(members) || members.size() == 0 || members.size() > most)
    return Refuse(call, 10001, "Request parameter error.");
  call.result.Object().Array("list");
  call.extra.Object().Array("list");
  for (const simdjson::dom::element member : members) {
    Call one;
    one.account = call.account;
    one.key = call.key;
    one.params.Add("category", std::string(category));
    const bool sound = ReadBody(simdjson::minify(member), one.params);
    if (!sound) {
      Refuse(one, 10001, "Request parameter error.");
    } else if (!WithinLimit(call.account)) {
      Refuse(one, 10006, "Too many visits. Exceeded the API Rate Limit.");
    } else {
      (this->*(category == "spot" ? spot : linear))(one);
    }
    Params ids;
    if (!one.refusal) ReadBody(one.result.text(), ids);
    call.result.Object()
        .Text("category", category)
        .Text("symbol", one.params.Get("symbol"))
        .Text("orderId", ids.Get("orderId"))
        .Text("orderLinkId", one.params.Get("orderLinkId"))
        .EndObject();
    call.extra.Object()
        .Int("code", one.refusal ? one.refusal->code : 0)
        .Text("msg", one.refusal ? one.refusal->message : "OK")
        .EndObject();
  }
  call.result.EndArray().EndObject();
  call.extra.EndArray().EndObject();
}

void Door::Refuse(Call& call, int code, std::string message) {
  call.refusal = Refusal{code, std::move(message)};
}

void Door::Refuse(Call& call, std::pair<int, std::string> code_and_message) {
  Refuse(call, code_and_message.first, std::move(code_and_message.second));
}

void Door::WriteIds(Call& call, std::string_view id, std::string_view link) {
  call.result.Object().Text("orderId", id).Text("orderLinkId", link).EndObject();
}

Door::Range Door::PageOf(Call& call, size_t total, int64_t usual, int64_t most) {
  ParamReader params(call.params);
  const auto limit =
      static_cast<size_t>(std::clamp<int64_t>(params.IntegerOr("limit", usual), 1, most));
  // Handed out percent-encoded, as Bybit's are, to be sent back as they are.
  constexpr std::string_view kRow = "row:", kRowEncoded = "row%3A";
  std::string_view cursor = call.params.Get("cursor");
  const bool ours = cursor.starts_with(kRow);
  cursor.remove_prefix(ours ? kRow.size() : 0);
  size_t skip = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), skip);
  if (!call.params.Get("cursor").empty() &&
      (!ours || error != std::errc() || end != cursor.data() + cursor.size()))
    Refuse(call, 10001, "params error: cursor invalid");
  Range range;
  range.begin = std::min(skip, total);
  range.end = std::min(total, range.begin + limit);
  if (range.end < total) range.next = std::string(kRowEncoded) + std::to_string(range.end);
  return range;
}

void Door::WriteAccountInfo(Call& call) {
  const bool isolated = !exchange_.usdm().setup(call.account).isolated.empty();
  call.result.Object()
      .Text("marginMode", isolated ? "ISOLATED_MARGIN" : "REGULAR_MARGIN")
      .Text("updatedTime", std::to_string(base::UnixMillis(exchange_.now())))
      .Int("unifiedMarginStatus", 5)
      .Text("dcpStatus", "OFF")
      .Int("timeWindow", 10)
      .Int("smpGroup", 0)
      .EndObject();
}

// Fields as "Get API Key Information" documents them.
void Door::WriteKey(Call& call) {
  JsonText& out = call.result;
  out.Object().Text("apiKey", call.key->key).Int("readOnly", 0).Text("secret", "");
  out.Object("permissions").Array("ContractTrade");
  if (call.key->may_trade_futures) out.Text("Order").Text("Position");
  out.EndArray();
  out.Array("Spot").Text("SpotTrade").EndArray().Array("Wallet");
  if (call.key->may_withdraw) out.Text("Withdraw");
  out.EndArray().EndObject().Array("ips");
  out.Text(call.key->ip_restricted ? "127.0.0.1" : "*").EndArray().EndObject();
}

void Door::Protect(Call& call) {
  const auto seconds = Number(call.params.Get("timeWindow"));
  if (!seconds || *seconds < 3 || *seconds > 300) {
    call.refusal = Refusal{10001, "timeWindow must be 3 to 300."};
    return;
  }
  const std::string_view product = call.params.Get("product");
  if (product != "SPOT" && product != "DERIVATIVES")
    return Refuse(call, 10001, "product is not served here.");
  Protection& protection = protections_[{call.account, std::string(product)}];
  protection.window = std::chrono::seconds(*seconds);
  if (!Listens(call.account)) protection.due = exchange_.now() + protection.window;
}

void Door::WriteProtections(Call& call) {
  call.result.Object().Array("dcpInfos");
  for (const auto& [of, protection] : protections_) {
    if (of.first != call.account) continue;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(protection.window);
    call.result.Object()
        .Text("product", of.second)
        .Text("dcpStatus", "ON")
        .Text("timeWindow", std::to_string(seconds.count()))
        .EndObject();
  }
  call.result.EndArray().EndObject();
}

// --- private stream --------------------------------------------------------------

void Door::Close(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const std::optional<AccountIndex> account = found->second.account;
  connections_.erase(found);
  if (!account || Listens(*account)) return;
  for (auto& [of, protection] : protections_) {
    if (of.first == *account) protection.due = exchange_.now() + protection.window;
  }
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
  if (connection.trades) return OnTrade(id, connection, text);
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
  for (auto& [of, protection] : protections_) {
    if (of.first == *connection.account) protection.due.reset();
  }
  Reply(id, "subscribe", request_id, true);
}

// Orders over a WebSocket: the same calls, answered in the envelope of that connection.
void Door::OnTrade(ConnectionId id, Connection& connection, std::string_view text) {
  constexpr size_t kMaxIds = 10'000;
  simdjson::dom::parser parser;
  simdjson::dom::object frame, header, body;
  simdjson::dom::array args;
  std::string_view operation, request_id;
  Call call;
  const bool sound =
      !parser.parse(text.data(), text.size()).get(frame) && !frame["op"].get(operation);
  if (!sound || frame["reqId"].get(request_id)) request_id = {};  // optional
  if (!sound) {
    Refuse(call, 10001, "Params Error");
  } else if (operation == "ping") {
    operation = "pong";
    call.result.Array().Text(std::to_string(base::UnixMillis(exchange_.now()))).EndArray();
  } else if (frame["args"].get(args)) {
    Refuse(call, 10001, "Params Error");
  } else if (operation == "auth") {
    std::string_view key_text, signature;
    int64_t expires = 0;
    const bool whole =
        !args.at(0).get(key_text) && !args.at(1).get(expires) && !args.at(2).get(signature);
    const auto key = authenticator_.CheckKey(key_text);
    if (connection.account) {
      Refuse(call, 20001, "Repeat auth");
    } else if (!whole || Failed(key) != nullptr ||
               !Signed(**Ok(key), "GET/realtime" + std::to_string(expires), signature) ||
               expires < base::UnixMillis(exchange_.now())) {
      Refuse(call, 10004, "Invalid sign");
    } else {
      connection.account = (*Ok(key))->account;
    }
  } else if (!connection.account) {
    Refuse(call, 10005, "Request not authorized");
  } else if (!request_id.empty() && !connection.request_ids.emplace(request_id).second) {
    Refuse(call, 20006, "reqId is duplicated");
  } else {
    if (connection.request_ids.size() > kMaxIds) connection.request_ids.clear();
    std::string_view stamp_text, window_text;
    if (frame["header"].get(header) || header["X-BAPI-TIMESTAMP"].get(stamp_text)) stamp_text = {};
    if (header["X-BAPI-RECV-WINDOW"].get(window_text)) window_text = "5000";
    const auto stamp = Number(stamp_text), window = Number(window_text);
    const int64_t now = base::UnixMillis(exchange_.now());
    call.account = *connection.account;
    if (!stamp || !window || *stamp < now - *window || *stamp >= now + kAheadMs) {
      Refuse(call, 10002, "The request time exceeds the time window range.");
    } else if (args.size() != 1 || args.at(0).get(body) ||
               !ReadBody(std::string(simdjson::minify(body)), call.params)) {
      Refuse(call, 10001, "Params Error");
    } else if (operation == "order.create" || operation == "order.amend" ||
               operation == "order.cancel") {
      Serve("POST", "/v5/order/" + std::string(operation.substr(6)), call);
    } else {
      Refuse(call, 10404, "Op type is not found.");
    }
  }
  JsonText json;
  json.Object();
  if (!request_id.empty()) json.Text("reqId", request_id);
  json.Int("retCode", call.refusal ? call.refusal->code : 0)
      .Text("retMsg", call.refusal ? call.refusal->message : "OK")
      .Text("op", operation);
  if (!call.refusal && !call.result.text().empty()) json.Raw("data", call.result.text());
  if (connection.account && operation.starts_with("order.")) {
    json.Object("header");
    for (const auto& [name, value] : LimitOf(*connection.account)) json.Text(name, value);
    json.EndObject();
  }
  json.Text("connId", "t" + std::to_string(static_cast<uint64_t>(id))).EndObject();
  outbox_.Send(id, json.Take());
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
  if (Listens(account)) Publish(account, WalletFrame(exchange_, account, assets, now));
}

void Door::OnUsdmOrder(const UsdmExecution& execution) {
  const AccountIndex account = execution.order.account;
  if (!Listens(account)) return;
  const UsdmMarket& market = exchange_.usdm();
  if (execution.type == ExecutionType::kNew && execution.order.algo_id != 0)
    Publish(account, LinearOrderFrame(market, execution, /*triggered=*/true));
  if (execution.type == ExecutionType::kTrade)
    Publish(account, LinearExecutionFrame(market, execution));
  Publish(account, LinearOrderFrame(market, execution));
}

// Once it has become an order, that one is told of.
void Door::OnUsdmAlgo(const UsdmAlgo& algo, base::Time now) {
  if (Listens(algo.account) && algo.actual_order == 0)
    Publish(algo.account, LinearOrderFrame(algo, now));
}

void Door::OnUsdmAccount(AccountIndex account, std::optional<SymbolIndex> symbol, base::Time now) {
  if (!Listens(account)) return;
  if (symbol) Publish(account, LinearPositionFrame(exchange_.usdm(), account, *symbol, now));
  Publish(account, WalletFrame(exchange_, account, {"USDT"}, now));
}

void Door::Expire() {
  for (auto& [of, protection] : protections_) {
    if (!protection.due || *protection.due > exchange_.now()) continue;
    protection.due.reset();
    const AccountIndex account = of.first;
    const bool spot = of.second == "SPOT";
    for (SymbolIndex symbol = 0; symbol < ListedSymbols().size(); ++symbol) {
      if (spot) {
        if (!exchange_.core().OpenOrders(account, symbol).empty())
          (void)exchange_.CancelAll(account, symbol);
        continue;
      }
      CancelLinearOf(exchange_, account, symbol);
    }
  }
}

}  // namespace gannet::venue_sim::bybit
