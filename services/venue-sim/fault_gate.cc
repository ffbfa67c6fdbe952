#include "services/venue-sim/fault_gate.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/digest.h"
#include "libs/market/decimal.h"
#include "services/venue-sim/fault_socket.h"
#include "services/venue-sim/fault_text.h"
#include "services/venue-sim/form.h"
#include "services/venue-sim/symbols.h"

namespace gannet::venue_sim {
namespace {

using namespace std::chrono_literals;

// Longer than any client waits for an answer.
constexpr base::Duration kHeldAnswer = 90s;
constexpr base::Duration kRestateAgain = 250ms;
// Where what is done by hand comes from: limits of requests count by address.
constexpr std::string_view kHandAddress = "127.0.0.99:1";

std::string_view PathOf(const net::HttpRequest& request) {
  return std::string_view(request.target).substr(0, request.target.find('?'));
}

Door DoorOf(std::string_view path) {
  if (path.starts_with("/fapi/") || path.starts_with("/private/ws/") || path == "/ws-fapi/v1")
    return Door::kUsdm;
  if (path.starts_with("/v5/")) return Door::kBybit;
  if (path.starts_with("/api/") || path == "/ws-api/v3") return Door::kSpot;
  return Door::kOther;
}

RequestClass ClassOf(const net::HttpRequest& request) {
  const std::string_view path = PathOf(request);
  if (request.method == "DELETE" || path.starts_with("/v5/order/cancel"))
    return RequestClass::kCancel;
  if (request.method == "POST" &&
      (path.ends_with("/order") || path.ends_with("/algoOrder") ||
       path.ends_with("/cancelReplace") || path.ends_with("/batchOrders") ||
       path.starts_with("/v5/order/create")))
    return RequestClass::kPlace;
  if ((request.method == "PUT" && path.find("/order") != std::string_view::npos) ||
      path.starts_with("/v5/order/amend"))
    return RequestClass::kAmend;
  return RequestClass::kQuery;
}

// The values of a field in the list of a batch, which Binance takes escaped in the query.
std::vector<std::string> FieldsOfBatch(const net::HttpRequest& request, std::string_view name) {
  const bool escaped = request.body.empty();
  const std::string_view text = escaped ? request.target : request.body;
  const std::string before = escaped ? absl::StrCat("%22", std::string(name), "%22%3A%22")
                                     : absl::StrCat("\"", std::string(name), "\":\"");
  std::vector<std::string> values;
  for (size_t at = text.find(before); at != std::string_view::npos; at = text.find(before, at)) {
    at += before.size();
    values.emplace_back(text.substr(at, text.find(escaped ? "%22" : "\"", at) - at));
  }
  return values;
}

// The client's names of the orders that a request places, or asks for.
std::vector<std::string> OrdersIn(const net::HttpRequest& request) {
  for (const char* name :
       {"newClientOrderId", "clientAlgoId", "origClientOrderId", "orderLinkId"}) {
    if (std::string id = ParameterOf(request, name); !id.empty()) return {std::move(id)};
  }
  return FieldsOfBatch(request, request.body.empty() ? "newClientOrderId" : "orderLinkId");
}

// The first of them.
std::string OrderIn(const net::HttpRequest& request) {
  const std::vector<std::string> orders = OrdersIn(request);
  return orders.empty() ? std::string() : orders.front();
}

net::HttpResponse Json(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

net::HttpResponse Error(int status, int code, std::string_view words) {
  return Json(status, absl::StrCat("{\"code\":", code, ",\"msg\":\"", std::string(words), "\"}"));
}

// Bybit's door leads to both markets; what is said at it names the category.
bool OfPerpetuals(Door door, std::string_view text) {
  return door == Door::kUsdm || (door == Door::kBybit && FieldOf(text, "category") == "linear");
}

// What a frame of an order socket asks, or answers; kAny: neither of an order.
RequestClass ClassOfFrame(std::string_view text) {
  const std::string_view asked =
      FieldOf(text, "method").empty() ? FieldOf(text, "op") : FieldOf(text, "method");
  if (asked.ends_with("rder.place") || asked == "order.create" || asked == "order.cancelReplace")
    return RequestClass::kPlace;
  if (asked.ends_with("rder.cancel")) return RequestClass::kCancel;
  if (asked == "order.modify" || asked.starts_with("order.amend")) return RequestClass::kAmend;
  return RequestClass::kAny;
}

int64_t WholeSeconds(base::Duration span) { return (span + 999ms) / 1s; }

}  // namespace

FaultGate::FaultGate(base::Executor& executor, const base::Clock& clock, ApiKey account)
    : executor_(executor), clock_(clock), skewed_(clock), account_(std::move(account)) {}

FaultGate::~FaultGate() { *alive_ = false; }

void FaultGate::Begin(FaultScript script) {
  ++generation_;
  began_ = clock_.Now();
  rng_ = base::Rng(script.seed);
  rules_.clear();
  kinds_.clear();
  waits_.clear();
  SetSkew({});
  for (auto& [symbol, restated] : restated_) restated = {};
  for (FaultRule& rule : script.rules) {
    // A venue that was left restated by another process begins as it is listed.
    const bool restates = rule.kind == FaultKind::kRestate || rule.kind == FaultKind::kHalt;
    if (restates && restated_.try_emplace(rule.symbol).second) KeepRestated(rule.symbol);
    kinds_.insert(rule.kind);
    rules_.push_back({std::move(rule), 0, 0});
    if (rules_.back().rule.kind >= FaultKind::kFunding) ArmClock(rules_.size() - 1);
  }
}

// --- which rule strikes -------------------------------------------------------------

bool FaultGate::Applies(const FaultRule& rule, const Occasion& at) const {
  const base::Duration age = clock_.Now() - began_;
  if (age < rule.from || (rule.until && age >= *rule.until)) return false;
  if (rule.door != Door::kAny && rule.door != at.door) return false;
  if (at.frame != FrameClass::kAny || rule.frame != FrameClass::kAny)
    return rule.frame == at.frame ||
           (rule.frame == FrameClass::kAny && at.frame != FrameClass::kMarket);
  return rule.of == RequestClass::kAny || at.request == RequestClass::kAny || rule.of == at.request;
}

const FaultRule* FaultGate::Strikes(FaultKind kind, const Occasion& at) {
  if (!kinds_.contains(kind)) return nullptr;
  for (Armed& armed : rules_) {
    const FaultRule& rule = armed.rule;
    if (rule.kind != kind || !Applies(rule, at)) continue;
    if (rule.times && armed.strikes >= *rule.times) continue;
    if (armed.occasions++ < rule.skip) continue;
    constexpr int64_t kPpm = 1'000'000;
    if (rule.chance.value < kPpm &&
        !rng_.Chance(static_cast<double>(rule.chance.value) / static_cast<double>(kPpm)))
      continue;
    ++armed.strikes;
    Struck(kind);
    return &rule;
  }
  return nullptr;
}

void FaultGate::Struck(FaultKind kind) {
  ++strikes_[std::string(Name(kind))];
  if (observer_) observer_(Name(kind));
}

void FaultGate::After(base::Duration delay, std::function<void()> task) {
  executor_.After(delay, [alive = alive_, task = std::move(task)] {
    if (*alive) task();
  });
}

// --- requests -----------------------------------------------------------------------

void FaultGate::HandOver(net::HttpRequest request, std::string_view peer, Respond respond) {
  if (venue_ == nullptr) return respond({});  // it went meanwhile: the connection breaks
  venue_->OnRequest(std::move(request), peer, std::move(respond));
}

void FaultGate::Hold(Respond respond) {
  if (held_.size() >= kMaxHeldAnswers) held_.erase(held_.begin());
  const uint64_t id = ++last_held_;
  held_.emplace(id, std::move(respond));
  After(kHeldAnswer, [this, id] {
    const auto found = held_.find(id);
    if (found == held_.end()) return;
    found->second({});
    held_.erase(found);
  });
}

net::HttpResponse FaultGate::ErrorOf(const FaultRule& rule, Door door) {
  static const std::vector<std::string> kAnswers = {"502", "503", "504", "1006", "1007"};
  const std::string& answer =
      rule.answer == "any" ? kAnswers[rng_.Below(kAnswers.size())] : rule.answer;
  if (door == Door::kBybit && answer.size() > 3) {
    return Json(200, answer == "1007"
                         ? R"({"retCode":10000,"retMsg":"Server Timeout","result":{}})"
                         : R"({"retCode":10016,"retMsg":"Internal System Error","result":{}})");
  }
  if (answer == "1006")
    return Error(504, -1006, "An unexpected response was received from the message bus.");
  if (answer == "1007")
    return Error(503, -1007, "Timeout waiting for response from backend server.");
  if (answer == "2010")  // not among "any": words of a refusal, of which 5xx is no proof
    return Error(503, -2010, "Account has insufficient balance for requested action.");
  const int status = answer == "502" ? 502 : answer == "503" ? 503 : 504;
  return {status, {}, "<html><body>" + answer + "</body></html>"};
}

// Who asks while told to wait is told again, and banned where the rule has a ban; Bybit has none.
bool FaultGate::AnswerWait(const Occasion& at, const Respond& respond) {
  Wait& wait = waits_[{at.door, at.door == Door::kBybit ? at.request : RequestClass::kAny}];
  const base::Time now = clock_.Now();
  if (now >= wait.until) {
    const FaultRule* rule = Strikes(FaultKind::kToldToWait, at);
    if (rule == nullptr) return false;
    wait = {now + rule->wait, rule->ban, false};
  } else if (wait.ban > base::Duration(0) && at.door != Door::kBybit) {
    if (!std::exchange(wait.banned, true)) ++strikes_["banned"];
    wait.until = std::max(wait.until, now + wait.ban);
  }
  if (at.door == Door::kBybit) {  // whose limits have no ban, and a time of its own clock
    const int64_t time = base::UnixMillis(skewed_.Now());
    net::HttpResponse answer = Json(
        200, absl::StrCat(R"({"retCode":10006,"retMsg":"Too many visits!","result":{},"time":)",
                          time, "}"));
    answer.headers.emplace_back("X-Bapi-Limit", "10");
    answer.headers.emplace_back("X-Bapi-Limit-Status", "0");
    answer.headers.emplace_back("X-Bapi-Limit-Reset-Timestamp",
                                absl::StrCat(time + (wait.until - now) / 1ms));
    respond(std::move(answer));
    return true;
  }
  net::HttpResponse answer = wait.banned
                                 ? Error(418, -1003, "Way too much request weight used; IP banned.")
                                 : Error(429, -1003, "Too much request weight used.");
  answer.headers.emplace_back("Retry-After", std::to_string(WholeSeconds(wait.until - now)));
  respond(std::move(answer));
  return true;
}

void FaultGate::OnRequest(net::HttpRequest request, std::string_view peer, Respond respond) {
  const std::string_view path = PathOf(request);
  const Occasion at{DoorOf(path), ClassOf(request), FrameClass::kAny};
  if (kinds_.empty() || at.door == Door::kOther)
    return HandOver(std::move(request), peer, std::move(respond));
  if (AnswerWait(at, respond)) return;
  if (Strikes(FaultKind::kLostRequest, at) != nullptr) return Hold(std::move(respond));
  if (const FaultRule* rule = Strikes(FaultKind::kRefusedError, at))
    return respond(ErrorOf(*rule, at.door));
  if (at.request == RequestClass::kPlace && kinds_.contains(FaultKind::kLookupLag)) {
    if (young_.size() >= kMaxYoungOrders) young_.clear();
    for (const std::string& order : OrdersIn(request)) young_[order] = clock_.Now();
  }
  if (path.ends_with("/cancelReplace") && Strikes(FaultKind::kHalfReplace, at) != nullptr)
    return HalfReplace(request, std::move(respond));
  const std::string address(peer);
  if (const FaultRule* rule = Strikes(FaultKind::kHandledError, at)) {
    HandOver(std::move(request), address, [](const net::HttpResponse&) {});
    return respond(ErrorOf(*rule, at.door));
  }
  if (Strikes(FaultKind::kLostAnswer, at) != nullptr) {
    HandOver(std::move(request), address, [](const net::HttpResponse&) {});
    return Hold(std::move(respond));
  }
  if (AnswerYoung(request, at, respond)) return;
  if (path == "/v5/order/create" && Strikes(FaultKind::kAckThenReject, at) != nullptr)
    request.headers.emplace_back(kRejectedLaterHeader, "1");
  respond = Edited(request, at, std::move(respond));
  const bool changes = at.request == RequestClass::kPlace || at.request == RequestClass::kAmend;
  if (const FaultRule* rule = changes ? Strikes(FaultKind::kDoubledRequest, at) : nullptr) {
    if (on_doubled_) on_doubled_(request);
    After(rule->delay, [this, request, address] {
      HandOver(request, address, [](const net::HttpResponse&) {});
    });
  }
  HandOver(std::move(request), address, std::move(respond));
}

// --- answers ------------------------------------------------------------------------

FaultGate::Respond FaultGate::Edited(const net::HttpRequest& request, const Occasion& at,
                                     Respond respond) {
  const std::string_view path = PathOf(request);
  const bool lists_orders = path.ends_with("/openOrders") || path == "/v5/order/realtime";
  if (lists_orders && request.method == "GET" && OrderIn(request).empty()) {
    if (const FaultRule* rule = Strikes(FaultKind::kShortOpenOrders, {at.door})) {
      respond = [keep = rule->keep, respond = std::move(respond)](net::HttpResponse answer) {
        answer.body = KeepFirst(answer.body, keep);
        respond(std::move(answer));
      };
    }
  }
  if (path.ends_with("/account") || path == "/v5/account/wallet-balance") {
    if (Strikes(FaultKind::kZeroBalances, {at.door}) != nullptr) {
      respond = [respond = std::move(respond)](net::HttpResponse answer) {
        answer.body = ZeroFields(std::move(answer.body),
                                 {"free", "locked", "walletBalance", "availableBalance", "equity",
                                  "crossWalletBalance", "marginBalance"});
        respond(std::move(answer));
      };
    }
  }
  respond = EmptyWhileYoung(request, at, std::move(respond));
  if (at.request == RequestClass::kPlace) {
    if (const FaultRule* rule = Strikes(FaultKind::kAckThenExpire, at))
      respond = AndExpire(request, at.door, rule->delay, std::move(respond));
  }
  base::Duration delay{0};
  if (const FaultRule* rule = Strikes(FaultKind::kLateAnswer, at)) delay = rule->delay;
  if (at.request == RequestClass::kPlace) {
    if (const FaultRule* rule = Strikes(FaultKind::kFillBeforeAck, at)) {
      delay = rule->delay;
      if (ack_due_.size() >= kMaxYoungOrders) ack_due_.clear();
      for (const std::string& order : OrdersIn(request)) ack_due_[order] = clock_.Now() + delay;
    }
  }
  if (delay == base::Duration(0)) return respond;
  return [this, alive = alive_, delay, respond = std::move(respond)](net::HttpResponse answer) {
    if (!*alive) return;
    After(delay, [respond, answer = std::move(answer)]() mutable { respond(std::move(answer)); });
  };
}

// A back end that has not heard yet of what the matching engine took.
bool FaultGate::AnswerYoung(const net::HttpRequest& request, const Occasion& at,
                            const Respond& respond) {
  const std::string_view path = PathOf(request);
  if (young_.empty() || request.method != "GET" || at.door == Door::kBybit) return false;
  if (!path.ends_with("/order") && !path.ends_with("/algoOrder")) return false;
  const auto placed = young_.find(OrderIn(request));
  if (placed == young_.end()) return false;
  const auto lags = [&](const Armed& armed) {
    return armed.rule.kind == FaultKind::kLookupLag && Applies(armed.rule, {at.door}) &&
           clock_.Now() - placed->second < armed.rule.delay;
  };
  if (std::none_of(rules_.begin(), rules_.end(), lags)) return false;
  Struck(FaultKind::kLookupLag);
  respond(Error(400, -2013, "Order does not exist."));
  return true;
}

FaultGate::Respond FaultGate::EmptyWhileYoung(const net::HttpRequest& request, const Occasion& at,
                                              Respond respond) {
  const std::string_view path = PathOf(request);
  const bool lists = path.ends_with("/openOrders") || path.ends_with("/allOrders") ||
                     path.ends_with("/openAlgoOrders") || path.ends_with("Trades") ||
                     path == "/v5/order/realtime" || path == "/v5/order/history" ||
                     path == "/v5/execution/list";
  if (young_.empty() || !lists || request.method != "GET") return respond;
  base::Duration lag{0};
  for (const Armed& armed : rules_) {
    if (armed.rule.kind == FaultKind::kLookupLag && Applies(armed.rule, {at.door}))
      lag = std::max(lag, armed.rule.delay);
  }
  std::erase_if(young_, [&](const auto& entry) { return clock_.Now() - entry.second >= lag; });
  if (young_.empty()) return respond;
  const std::string asked = OrderIn(request);
  if (!asked.empty() && !young_.contains(asked)) return respond;
  Struck(FaultKind::kLookupLag);
  return [respond = std::move(respond)](net::HttpResponse answer) {
    answer.body = KeepFirst(answer.body, 0);
    respond(std::move(answer));
  };
}

// --- orders -------------------------------------------------------------------------

// A signed request of the account itself, past all faults.
void FaultGate::Ask(const std::string& method, const std::string& path, std::string parameters,
                    Respond respond) {
  absl::StrAppend(&parameters, "&timestamp=", base::UnixMillis(skewed_.Now()));
  absl::StrAppend(&parameters,
                  "&signature=", base::Hex(base::HmacSha256(account_.secret, parameters)));
  net::HttpRequest request;
  request.method = method;
  request.target = path + "?" + parameters;
  request.headers = {{"X-MBX-APIKEY", account_.key}};
  HandOver(std::move(request), kHandAddress, std::move(respond));
}

FaultGate::Respond FaultGate::AndExpire(const net::HttpRequest& request, Door door,
                                        base::Duration delay, Respond respond) {
  std::string symbol = ParameterOf(request, "symbol");
  if (symbol.empty()) {
    const std::vector<std::string> symbols = FieldsOfBatch(request, "symbol");
    if (!symbols.empty()) symbol = symbols.front();
  }
  std::string parameters = absl::StrCat("symbol=", symbol, "&origClientOrderId=", OrderIn(request),
                                        OfPerpetuals(door, request.body) ? "&market=USDM" : "");
  return [this, alive = alive_, delay, parameters = std::move(parameters),
          respond = std::move(respond)](net::HttpResponse answer) {
    respond(std::move(answer));
    if (!*alive) return;
    After(delay, [this, parameters] {
      Ask("POST", "/sim/v1/expire", parameters, [](const net::HttpResponse&) {});
    });
  };
}

void FaultGate::HalfReplace(const net::HttpRequest& request, Respond respond) {
  std::string parameters = "symbol=" + ParameterOf(request, "symbol");
  for (const auto& [from, to] : {std::pair("cancelOrigClientOrderId", "origClientOrderId"),
                                 std::pair("cancelOrderId", "orderId"),
                                 std::pair("cancelNewClientOrderId", "newClientOrderId")}) {
    if (const std::string value = ParameterOf(request, from); !value.empty())
      absl::StrAppend(&parameters, "&", to, "=", value);
  }
  Ask("DELETE", "/api/v3/order", std::move(parameters),
      [respond = std::move(respond)](const net::HttpResponse& canceled) {
        const bool half = canceled.status == 200;
        const std::string data = absl::StrCat(
            R"({"cancelResult":")", half ? "SUCCESS" : "FAILURE", R"(","newOrderResult":")",
            half ? "FAILURE" : "NOT_ATTEMPTED", R"(","cancelResponse":)", canceled.body,
            R"(,"newOrderResponse":)",
            half ? R"({"code":-2010,"msg":"Order would immediately match and take."})" : "null",
            "}");
        respond(half ? Json(409, absl::StrCat(R"({"code":-2021,"msg":"Order cancel-replace )"
                                              R"(partially failed.","data":)",
                                              data, "}"))
                     : Json(400, absl::StrCat(R"({"code":-2022,"msg":"Order cancel-replace )"
                                              R"(failed.","data":)",
                                              data, "}")));
      });
}

void FaultGate::CancelPartial(const Occasion& at, std::string_view frame) {
  const bool partial = frame.find("\"X\":\"PARTIALLY_FILLED\"") != std::string_view::npos ||
                       frame.find("\"PartiallyFilled\"") != std::string_view::npos;
  if (!partial || Strikes(FaultKind::kPartialThenCancel, {at.door}) == nullptr) return;
  const bool bybit = at.door == Door::kBybit;
  const std::string parameters =
      absl::StrCat("symbol=", std::string(FieldOf(frame, bybit ? "symbol" : "s")),
                   "&origClientOrderId=", std::string(FieldOf(frame, bybit ? "orderLinkId" : "c")));
  Ask("DELETE", OfPerpetuals(at.door, frame) ? "/fapi/v1/order" : "/api/v3/order", parameters,
      [](const net::HttpResponse&) {});
}

// --- by the clock -------------------------------------------------------------------

void FaultGate::ArmClock(size_t rule) {
  const auto due = [this, rule, generation = generation_] {
    if (generation != generation_) return;
    Armed& armed = rules_[rule];
    const base::Duration age = clock_.Now() - began_;
    const bool over = (armed.rule.until && age >= *armed.rule.until) ||
                      (armed.rule.times && armed.strikes >= *armed.rule.times);
    if (over) return;
    ++armed.strikes;
    Struck(armed.rule.kind);
    if (armed.rule.every) ArmClock(rule);
    Happen(armed.rule);
  };
  Armed& armed = rules_[rule];
  After(armed.strikes == 0 ? armed.rule.from : *armed.rule.every, due);
}

// What the venue does itself is an order of the perpetuals under a name that says so.
void FaultGate::HandOrder(const FaultRule& rule, std::string_view id_prefix) {
  const bool usdm = rule.door == Door::kUsdm || rule.kind != FaultKind::kHandOrder;
  const std::string type =
      rule.price.empty() ? "MARKET" : absl::StrCat("LIMIT&timeInForce=GTC&price=", rule.price);
  const std::string order = absl::StrCat(
      "symbol=", rule.symbol, "&side=", rule.side, "&type=", type, "&quantity=", rule.quantity,
      "&newClientOrderId=", std::string(id_prefix), ++hand_orders_);
  if (!usdm) return Ask("POST", "/api/v3/order", order, [](const net::HttpResponse&) {});
  const std::string_view leg = rule.side == "BUY" ? "LONG" : "SHORT";
  Ask("POST", "/fapi/v1/order", order,
      [this, alive = alive_, order, leg](const net::HttpResponse& answer) {
        // Hedge mode: then of the position that such an order opens.
        if (*alive && FieldOf(answer.body, "code") == "-4061")
          Ask("POST", "/fapi/v1/order", absl::StrCat(order, "&positionSide=", std::string(leg)),
              [](const net::HttpResponse&) {});
      });
}

// The oldest open order: smaller on spot, which knows nothing else, larger on perpetuals.
void FaultGate::HandAmend(const FaultRule& rule) {
  const bool usdm = rule.door == Door::kUsdm;
  Ask("GET", usdm ? "/fapi/v1/openOrders" : "/api/v3/openOrders",
      absl::StrCat("symbol=", rule.symbol),
      [this, alive = alive_, usdm, rule](const net::HttpResponse& answer) {
        const auto field = [&](std::string_view name) {
          return std::string(FieldOf(answer.body, name));
        };
        const auto quantity = market::ParseDecimal(field("origQty"), kScale);
        const auto change = market::ParseDecimal(rule.quantity, kScale);
        if (!*alive || !quantity || !change) return;
        const std::string order =
            absl::StrCat("symbol=", rule.symbol, "&orderId=", field("orderId"));
        const std::string figure =
            market::FormatDecimal(usdm ? *quantity + *change : *quantity - *change, kScale);
        if (usdm) {
          Ask("PUT", "/fapi/v1/order",
              absl::StrCat(order, "&side=", field("side"), "&price=", field("price"),
                           "&quantity=", figure),
              [](const net::HttpResponse&) {});
        } else {
          Ask("PUT", "/api/v3/order/amend/keepPriority",
              absl::StrCat(order, "&newQty=", figure, "&newClientOrderId=", field("clientOrderId")),
              [](const net::HttpResponse&) {});
        }
      });
}

// The oldest open order, as an exchange that recovers from an incident may forget one.
void FaultGate::LoseOrder(const FaultRule& rule) {
  const bool usdm = rule.door == Door::kUsdm;
  const std::string symbol = absl::StrCat("symbol=", rule.symbol);
  Ask("GET", usdm ? "/fapi/v1/openOrders" : "/api/v3/openOrders", symbol,
      [this, alive = alive_, usdm, symbol](const net::HttpResponse& answer) {
        const std::string id(FieldOf(answer.body, "orderId"));
        if (!*alive || id.empty()) return;
        Ask("POST", "/sim/v1/lose",
            absl::StrCat(symbol, "&orderId=", id, usdm ? "&market=USDM" : ""),
            [](const net::HttpResponse&) {});
      });
}

void FaultGate::Restate(const FaultRule& rule) {
  const auto [entry, first] = restated_.try_emplace(rule.symbol);
  const base::Time until = clock_.Now() + rule.delay;
  if (rule.kind == FaultKind::kHalt) {
    entry->second.halted_until = until;
  } else {
    entry->second.rules.clear();
    entry->second.rules_until = until;
    for (const auto& [name, value] : {std::pair("tickSize", &rule.tick),
                                      {"stepSize", &rule.lot},
                                      {"maxPrice", &rule.max_price},
                                      {"maxQty", &rule.max_quantity},
                                      {"minNotional", &rule.min_notional}}) {
      if (!value->empty()) absl::StrAppend(&entry->second.rules, "&", name, "=", *value);
    }
  }
  if (first) KeepRestated(rule.symbol);
}

// Again and again, since a venue that dies forgets what was not durable, and nothing is to stay
// halted for that; until all is over and the venue has said that it knows.
void FaultGate::KeepRestated(const std::string& symbol) {
  const auto over = std::make_shared<bool>(false);
  if (venue_ != nullptr) {
    const Restated& restated = restated_.at(symbol);
    const base::Time now = clock_.Now();
    const bool rules = now < restated.rules_until, halted = now < restated.halted_until;
    Ask("POST", "/sim/v1/restate",
        absl::StrCat("symbol=", symbol, rules ? restated.rules : "", halted ? "&status=HALT" : ""),
        [over, ends = !rules && !halted](const net::HttpResponse& answer) {
          *over = ends && answer.status == 200;
        });
  }
  After(kRestateAgain, [this, symbol, over] {
    const Restated& restated = restated_.at(symbol);
    const base::Time until = std::max(restated.rules_until, restated.halted_until);
    if (*over && until <= clock_.Now()) {
      restated_.erase(symbol);
    } else {
      KeepRestated(symbol);
    }
  });
}

void FaultGate::Happen(const FaultRule& rule) {
  if (rule.kind == FaultKind::kClockSkew) {
    SetSkew(rule.delay);
    if (rule.until) {
      After(*rule.until - rule.from, [this, generation = generation_] {
        if (generation == generation_) SetSkew({});
      });
    }
    return;
  }
  std::erase_if(sockets_, [](const std::weak_ptr<Socket>& socket) { return socket.expired(); });
  const auto each_socket = [&](const std::function<void(Socket&)>& visit) {
    for (const std::weak_ptr<Socket>& weak : std::vector(sockets_)) {
      const std::shared_ptr<Socket> socket = weak.lock();
      if (socket && (rule.door == Door::kAny || rule.door == socket->door())) visit(*socket);
    }
  };
  if (rule.kind == FaultKind::kDisconnect) {
    return each_socket([&](Socket& socket) {
      if (socket.door() == Door::kSpot) {
        socket.Pass(absl::StrCat(
            "{\"event\":{\"e\":\"serverShutdown\",\"E\":", base::UnixMillis(skewed_.Now()), "}}"));
      }
      socket.Close();
    });
  }
  if (rule.kind == FaultKind::kRestate || rule.kind == FaultKind::kHalt) return Restate(rule);
  if (rule.kind == FaultKind::kSilence)
    return each_socket([&](Socket& socket) { socket.FallSilent(rule.delay); });
  if (venue_ == nullptr) return;
  const bool out = rule.amount.starts_with('-');
  const std::string amount =
      absl::StrCat("&amount=", rule.amount.substr(out ? 1 : 0), "&direction=", out ? "OUT" : "IN");
  switch (rule.kind) {
    case FaultKind::kFunding:
      return Ask("POST", "/sim/v1/income",
                 absl::StrCat("symbol=", rule.symbol, "&incomeType=FUNDING_FEE", amount),
                 [](const net::HttpResponse&) {});
    case FaultKind::kTransfer:
      if (rule.door == Door::kUsdm)
        return Ask("POST", "/sim/v1/income",
                   absl::StrCat("symbol=", rule.symbol, "&incomeType=TRANSFER", amount),
                   [](const net::HttpResponse&) {});
      return Ask("POST", "/sim/v1/deposit", absl::StrCat("asset=", rule.asset, amount),
                 [](const net::HttpResponse&) {});
    case FaultKind::kLiquidation:
      return HandOrder(rule, "autoclose-");
    case FaultKind::kAdl:
      return HandOrder(rule, "adl_autoclose");
    case FaultKind::kHandOrder:
      return HandOrder(rule, "web_");
    case FaultKind::kHandAmend:
      return HandAmend(rule);
    case FaultKind::kLostOrder:
      return LoseOrder(rule);
    default:
      return;
  }
}

// --- streams ------------------------------------------------------------------------

net::WebSocket::Handler FaultGate::OnWebSocket(const net::HttpRequest& request,
                                               std::string_view peer,
                                               std::shared_ptr<net::WebSocket> socket) {
  const auto faulty =
      std::make_shared<Socket>(alive_, *this, DoorOf(PathOf(request)), std::move(socket));
  if (faulty->door() != Door::kOther) {
    std::erase_if(sockets_, [](const std::weak_ptr<Socket>& known) { return known.expired(); });
    sockets_.push_back(faulty);
  }
  net::WebSocket::Handler handler = venue_->OnWebSocket(request, peer, faulty);
  if (!handler.on_message) return handler;
  // Requests on it: lost with the connection, before the venue has heard of them or after.
  handler.on_message = [this, alive = alive_, socket = std::weak_ptr<Socket>(faulty),
                        next = std::move(handler.on_message)](std::string_view text) {
    const std::shared_ptr<Socket> from = socket.lock();
    const RequestClass asked =
        *alive && from && !kinds_.empty() ? ClassOfFrame(text) : RequestClass::kAny;
    if (asked == RequestClass::kAny) return next(text);
    const Occasion at{from->door(), asked, FrameClass::kAny};
    if (Strikes(FaultKind::kLostRequest, at) != nullptr) return from->Cut();
    const bool cut = Strikes(FaultKind::kLostAnswer, at) != nullptr;
    if (cut) from->Mute();
    next(text);
    if (cut) from->Cut();
  };
  return handler;
}

void FaultGate::OnFrame(const std::shared_ptr<Socket>& socket, std::string text) {
  if (kinds_.empty()) return socket->PassInOrder(std::move(text));
  const Occasion at{socket->door(), RequestClass::kAny, FrameOf(socket->door(), text)};
  if (at.door != Door::kOther) CancelPartial(at, text);
  if (Strikes(FaultKind::kLostFrame, at) != nullptr) return;
  if (at.frame == FrameClass::kAck && !ack_due_.empty()) {
    const auto held =
        ack_due_.find(std::string(FieldOf(text, at.door == Door::kBybit ? "orderLinkId" : "c")));
    if (held != ack_due_.end() && held->second > clock_.Now()) {
      return socket->PassAfter(held->second - clock_.Now(), std::move(text));
    }
  }
  if (const FaultRule* rule = Strikes(FaultKind::kLateFrame, at)) {
    return socket->PassAfter(rule->delay, std::move(text));
  }
  if (Strikes(FaultKind::kSwappedFrames, at) != nullptr) return socket->Keep(std::move(text));
  if (Strikes(FaultKind::kDoubledFrame, at) != nullptr) socket->Pass(text);
  socket->PassInOrder(std::move(text));
}

}  // namespace gannet::venue_sim
