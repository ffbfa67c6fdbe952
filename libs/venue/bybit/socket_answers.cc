#include "libs/venue/bybit/socket_answers.h"

#include "libs/venue/json_record.h"

namespace gannet::venue::bybit {
namespace {

// The head that ToFrame writes.
std::string IdOfRequest(std::string_view frame) {
  constexpr std::string_view kHead = "{\"reqId\":\"";
  if (!frame.starts_with(kHead)) return {};
  frame.remove_prefix(kHead.size());
  const size_t end = frame.find('"');
  return end == std::string_view::npos ? std::string() : std::string(frame.substr(0, end));
}

std::optional<SocketProtocol::Answered> Read(std::string_view frame) {
  JsonDocument document;
  const absl::StatusOr<dom::element> root = document.Parse(frame);
  dom::object answer;
  int64_t code = 0;
  std::string_view id, operation, message;
  if (!root.ok() || root->get(answer) || answer["reqId"].get(id) || answer["retCode"].get(code) ||
      answer["op"].get(operation) || !operation.starts_with("order."))
    return std::nullopt;
  if (answer["retMsg"].get(message)) message = {};
  SocketProtocol::Answered out;
  out.id = std::string(id);
  out.exchange.status = 200;  // which all answers of the envelope have
  out.exchange.headers.emplace_back(kByHeader, kBySocket);
  dom::element data;
  const std::string result = answer["data"].get(data) ? "{}" : std::string(simdjson::minify(data));
  out.exchange.body = "{\"retCode\":" + std::to_string(code) + ",\"retMsg\":";
  AppendJsonString(out.exchange.body, message);
  out.exchange.body += ",\"result\":" + result + "}";
  dom::object header;
  if (answer["header"].get(header)) return out;
  for (const auto& [theirs, ours] :
       {std::pair<std::string_view, std::string_view>{"X-Bapi-Limit", "x-bapi-limit"},
        {"X-Bapi-Limit-Status", "x-bapi-limit-status"},
        {"X-Bapi-Limit-Reset-Timestamp", "x-bapi-limit-reset-timestamp"}}) {
    std::string_view text;
    if (!header[theirs].get(text)) out.exchange.headers.emplace_back(ours, text);
  }
  return out;
}

}  // namespace

venue::SocketProtocol SocketProtocolOf() { return {IdOfRequest, Read}; }

}  // namespace gannet::venue::bybit
