#include "tests/simulation/sent_orders.h"

#include <iterator>

#include "absl/strings/str_cat.h"
#include "services/venue-sim/fault_text.h"
#include "services/venue-sim/form.h"

namespace gannet::simulation {
namespace {

using venue_sim::FieldOf;
using venue_sim::ParameterOf;

std::string_view PathOf(const net::HttpRequest& request) {
  return std::string_view(request.target).substr(0, request.target.find('?'));
}

std::string Decoded(std::string_view text) {
  constexpr size_t kEscape = 3;
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + kEscape <= text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(at + 1, 2)), nullptr, 16));
      at += kEscape - 1;
    } else {
      out += text[at];
    }
  }
  return out;
}

// The objects of a list, which hold no others.
std::vector<std::string_view> ObjectsIn(std::string_view list) {
  std::vector<std::string_view> objects;
  for (size_t at = list.find('{'); at != std::string_view::npos; at = list.find('{', at)) {
    const size_t end = list.find('}', at);
    objects.push_back(list.substr(at, end - at));
    at = end;
  }
  return objects;
}

// The first of these names that has a value.
template <class Value>
std::string OneOf(const Value& value, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string text(value(name)); !text.empty()) return text;
  }
  return {};
}

template <class Value>
SentOrder Read(const Value& value) {
  SentOrder order;
  order.id = OneOf(value, {"newClientOrderId", "clientAlgoId", "orderLinkId"});
  order.symbol = OneOf(value, {"symbol"});
  order.side = OneOf(value, {"side"});
  order.quantity = OneOf(value, {"quantity", "qty"});
  order.price = OneOf(value, {"price"});
  order.trigger = OneOf(value, {"stopPrice", "triggerPrice", "activatePrice"});
  return order;
}

auto FieldsOf(std::string_view json) {
  return [json](const char* name) { return FieldOf(json, name); };
}
auto ParametersOf(const net::HttpRequest& request) {
  return [&request](const char* name) { return ParameterOf(request, name); };
}

std::vector<SentOrder> ReadList(std::string_view list) {
  std::vector<SentOrder> orders;
  for (const std::string_view object : ObjectsIn(list)) orders.push_back(Read(FieldsOf(object)));
  return orders;
}

// A frame of Binance says `method` and `params`, one of Bybit `op` and `args`.
struct Operation {
  std::string_view name, method, target;
};
constexpr Operation kSpot[] = {
    {"order.place", "POST", "/api/v3/order"},
    {"order.cancel", "DELETE", "/api/v3/order"},
    {"order.amend.keepPriority", "PUT", "/api/v3/order/amend/keepPriority"}};
constexpr Operation kUsdm[] = {{"order.place", "POST", "/fapi/v1/order"},
                               {"algoOrder.place", "POST", "/fapi/v1/algoOrder"},
                               {"order.cancel", "DELETE", "/fapi/v1/order"},
                               {"algoOrder.cancel", "DELETE", "/fapi/v1/algoOrder"},
                               {"order.modify", "PUT", "/fapi/v1/order"}};
constexpr Operation kBybit[] = {{"order.create", "POST", "/v5/order/create"},
                                {"order.cancel", "POST", "/v5/order/cancel"},
                                {"order.amend", "POST", "/v5/order/amend"}};

template <size_t kCount>
const Operation* Find(const Operation (&operations)[kCount], std::string_view name) {
  for (const Operation& operation : operations) {
    if (operation.name == name) return &operation;
  }
  return nullptr;
}

}  // namespace

bool IsSigned(const net::HttpRequest& request) {
  return !ParameterOf(request, "signature").empty() ||
         !net::FindHeader(request.headers, "X-BAPI-SIGN").empty();
}

std::vector<SentOrder> Placements(const net::HttpRequest& request) {
  const std::string_view path = PathOf(request);
  if (request.method != "POST") return {};
  if (path.starts_with("/api/v3/order") || path == "/fapi/v1/order" || path == "/fapi/v1/algoOrder")
    return {Read(ParametersOf(request))};
  if (path == "/fapi/v1/batchOrders") return ReadList(Decoded(ParameterOf(request, "batchOrders")));
  if (path == "/v5/order/create") return {Read(FieldsOf(request.body))};
  if (path == "/v5/order/create-batch") {
    const size_t list = request.body.find('[');
    return ReadList(std::string_view(request.body).substr(std::min(list, request.body.size())));
  }
  return {};
}

std::optional<SentOrder> AmendmentIn(const net::HttpRequest& request) {
  const std::string_view path = PathOf(request);
  if (request.method == "POST" && path == "/v5/order/amend") {
    SentOrder order = Read(FieldsOf(request.body));
    order.venue_id = std::string(FieldOf(request.body, "orderId"));
    return order;
  }
  if (request.method != "PUT") return std::nullopt;
  if (path.starts_with("/api/v3/order/amend")) {
    // What it is to be called it says always.
    SentOrder order = Read(ParametersOf(request));
    order.quantity = ParameterOf(request, "newQty");
    return order;
  }
  if (path != "/fapi/v1/order") return std::nullopt;
  SentOrder order = Read(ParametersOf(request));
  order.id = ParameterOf(request, "origClientOrderId");
  order.venue_id = ParameterOf(request, "orderId");
  return order;
}

std::optional<net::HttpRequest> RequestOf(std::string_view path, std::string_view frame) {
  const bool bybit = path.starts_with("/v5/");
  const std::string_view asked = FieldOf(frame, bybit ? "op" : "method");
  const Operation* operation = bybit                       ? Find(kBybit, asked)
                               : path.starts_with("/ws-f") ? Find(kUsdm, asked)
                                                           : Find(kSpot, asked);
  if (operation == nullptr) return std::nullopt;
  net::HttpRequest request;
  request.method = operation->method;
  request.target = operation->target;
  if (bybit) {  // logged in: who asks is said once
    const size_t arguments = frame.find("\"args\":[");
    request.body = frame.substr(std::min(arguments, frame.size()));
    request.headers.emplace_back("X-BAPI-SIGN", "of the connection");
    return request;
  }
  request.target += '?';
  for (const char* name : {"symbol", "side", "quantity", "price", "newQty", "triggerPrice",
                           "activatePrice", "stopPrice", "newClientOrderId", "clientAlgoId",
                           "origClientOrderId", "orderId", "signature"}) {
    const std::string_view value = FieldOf(frame, name);
    if (!value.empty()) absl::StrAppend(&request.target, name, "=", std::string(value), "&");
  }
  request.target.pop_back();
  return request;
}

}  // namespace gannet::simulation
