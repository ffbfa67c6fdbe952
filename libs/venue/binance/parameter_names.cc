#include "libs/venue/binance/parameter_names.h"

namespace gannet::venue::binance {

std::string_view SelfTradeText(SelfTrade mode) {
  switch (mode) {
    case SelfTrade::kVenueDefault:
      return "";
    case SelfTrade::kAllow:
      return "NONE";
    case SelfTrade::kExpireMaker:
      return "EXPIRE_MAKER";
    case SelfTrade::kExpireTaker:
      return "EXPIRE_TAKER";
    case SelfTrade::kExpireBoth:
      return "EXPIRE_BOTH";
    case SelfTrade::kDecrement:
      return "DECREMENT";
  }
  return "";
}

std::optional<SelfTrade> ParseSelfTrade(std::string_view text) {
  for (const SelfTrade mode :
       {SelfTrade::kVenueDefault, SelfTrade::kAllow, SelfTrade::kExpireMaker,
        SelfTrade::kExpireTaker, SelfTrade::kExpireBoth, SelfTrade::kDecrement}) {
    if (SelfTradeText(mode) == text) return mode;
  }
  return std::nullopt;
}

OrderRef RefOf(const OrderKey& order) {
  return order.venue_order_id.empty() ? OrderRef{"", order.client_order_id.text()}
                                      : OrderRef{order.venue_order_id.text(), ""};
}

void AddOrderRef(Parameters& out, const OrderRef& order) {
  if (!order.venue_id.empty()) {
    out.Digits("orderId", order.venue_id);
  } else {
    out.Text("origClientOrderId", order.client_id);
  }
}

void AddPage(Parameters& out, const Page& page, std::string_view from) {
  if (!page.from_id.empty()) out.Text(from, page.from_id);
  if (page.since) out.Number("startTime", base::UnixMillis(*page.since));
  if (page.until) out.Number("endTime", base::UnixMillis(*page.until));
  if (page.limit > 0) out.Number("limit", page.limit);
}

void AddSymbols(Parameters& out, std::span<const std::string> symbols) {
  std::string list = "[";
  for (const std::string& symbol : symbols) {
    if (list.size() > 1) list += ',';
    AppendJsonString(list, symbol);
  }
  out.Json("symbols", list + "]");
}

Call MakeCall(RequestKind kind, std::string_view method, std::string_view path,
              std::string_view operation, uint32_t weight, Security security) {
  Call call;
  call.kind = kind;
  call.method = method;
  call.path = path;
  call.operation = operation;
  call.security = security;
  call.weight = weight;
  return call;
}

}  // namespace gannet::venue::binance
