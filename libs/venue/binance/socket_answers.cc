#include "libs/venue/binance/socket_answers.h"

#include "libs/venue/json_record.h"

namespace gannet::venue::binance {
namespace {

// The head that ToFrame writes: {"id":"…","method":"order.…
std::string IdOfRequest(std::string_view frame) {
  constexpr std::string_view kHead = "{\"id\":\"", kMethod = "\",\"method\":\"";
  if (!frame.starts_with(kHead)) return {};
  frame.remove_prefix(kHead.size());
  const size_t end = frame.find('"');
  if (end == std::string_view::npos || !frame.substr(end).starts_with(kMethod)) return {};
  const std::string_view method = frame.substr(end + kMethod.size());
  const bool of_order = method.starts_with("order.") || method.starts_with("algoOrder.");
  return of_order ? std::string(frame.substr(0, end)) : std::string();
}

int64_t NumberIn(const dom::object& object, std::string_view name) {
  int64_t value = 0;
  return object[name].get(value) ? 0 : value;
}
std::string_view TextIn(const dom::object& object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) ? std::string_view() : text;
}

// The counts of rateLimits under the names that REST gives them.
void AddLimits(const dom::object& answer, wire::HttpExchange& exchange) {
  dom::array limits;
  if (answer["rateLimits"].get(limits)) return;
  for (const dom::element entry : limits) {
    dom::object limit;
    if (entry.get(limit)) continue;
    const std::string_view type = TextIn(limit, "rateLimitType"),
                           interval = TextIn(limit, "interval");
    const int64_t number = NumberIn(limit, "intervalNum");
    std::string_view header;
    if (type == "REQUEST_WEIGHT" && interval == "MINUTE" && number == 1) {
      header = "x-mbx-used-weight-1m";
    } else if (type == "ORDERS" && interval == "SECOND" && number == 10) {
      header = "x-mbx-order-count-10s";
    } else if (type == "ORDERS" && interval == "MINUTE" && number == 1) {
      header = "x-mbx-order-count-1m";
    } else if (type == "ORDERS" && interval == "DAY" && number == 1) {
      header = "x-mbx-order-count-1d";
    }
    if (!header.empty())
      exchange.headers.emplace_back(header, std::to_string(NumberIn(limit, "count")));
  }
}

// "retryAfter" is a moment, the header of REST a span in seconds.
void AddPause(const dom::object& error, wire::HttpExchange& exchange) {
  constexpr int64_t kMilli = 1000;
  dom::object data;
  if (error["data"].get(data)) return;
  const int64_t until = NumberIn(data, "retryAfter"), now = NumberIn(data, "serverTime");
  if (until > now && now > 0)
    exchange.headers.emplace_back("retry-after",
                                  std::to_string((until - now + kMilli - 1) / kMilli));
}

std::optional<SocketProtocol::Answered> Read(std::string_view frame) {
  JsonDocument document;
  const absl::StatusOr<dom::element> root = document.Parse(frame);
  dom::object answer;
  int64_t status = 0;
  std::string_view id;
  if (!root.ok() || root->get(answer) || answer["id"].get(id) || answer["status"].get(status))
    return std::nullopt;
  SocketProtocol::Answered out;
  out.id = std::string(id);
  out.exchange.status = static_cast<int>(status);
  out.exchange.headers.emplace_back(kByHeader, kBySocket);
  dom::element part;
  dom::object error;
  if (!answer["result"].get(part)) {
    out.exchange.body = simdjson::minify(part);
  } else if (!answer["error"].get(error)) {
    out.exchange.body = simdjson::minify(error);
    AddPause(error, out.exchange);
  }
  AddLimits(answer, out.exchange);
  return out;
}

}  // namespace

venue::SocketProtocol SocketProtocolOf() { return {IdOfRequest, Read}; }

}  // namespace gannet::venue::binance
