#include "libs/venue/binance/transport.h"

#include <charconv>

#include "libs/base/check.h"

namespace gannet::venue::binance {
namespace {

constexpr size_t kUsualFrame = 512;  // of a signed order

int64_t Millis(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

void AppendNumber(std::string& out, int64_t value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

WireRequest Start(const Call& call, base::Time now, base::Duration window) {
  WireRequest request;
  request.kind = call.kind;
  request.weight = call.weight;
  request.counts_as_order = call.counts_as_order;
  if (call.security == Security::kSigned) {
    request.timestamp = base::FromUnixMillis(base::UnixMillis(now));
    request.receive_window = window;
  }
  return request;
}

}  // namespace

WireRequest ToRest(const Call& call, const Signer& signer, base::Time now, base::Duration window) {
  WireRequest request = Start(call, now, window);
  request.method.assign(call.method);
  request.with_key = call.security != Security::kPublic;
  std::string& target = request.target;
  target.reserve(512);  // one allocation for any order
  target.append(call.path);
  const bool is_signed = call.security == Security::kSigned;
  if (!is_signed && call.parameters.empty()) return request;
  target += '?';
  const size_t start = target.size();
  call.parameters.AppendQuery(target);
  if (!is_signed) return request;
  if (target.size() != start) target += '&';
  target += "recvWindow=";
  AppendNumber(target, Millis(window));
  target += "&timestamp=";
  AppendNumber(target, base::UnixMillis(request.timestamp));
  const size_t end = target.size();
  target += "&signature=";
  signer.AppendToQuery(target, std::string_view(target).substr(start, end - start));
  return request;
}

WireRequest ToFrame(const Call& call, const Signer& signer, std::string_view api_key,
                    std::string_view id, base::Time now, base::Duration window) {
  GANNET_CHECK(!call.operation.empty(), "the call has a name on the WebSocket API");
  WireRequest request = Start(call, now, window);
  Parameters parameters;  // with room for what is added; a copy would have none
  parameters.Append(call.parameters);
  constexpr std::string_view kKeyName = "apiKey";
  if (call.security != Security::kPublic) parameters.Text(kKeyName, api_key);
  if (call.security == Security::kSigned) {
    parameters.Number("recvWindow", Millis(window));
    parameters.Number("timestamp", base::UnixMillis(request.timestamp));
    parameters.Plain("signature", signer.Sign(parameters.SortedPlain()));
  }
  request.body.reserve(kUsualFrame);
  request.body += "{\"id\":";
  AppendJsonString(request.body, id);
  request.body += ",\"method\":\"";
  request.body.append(call.operation);
  request.body += "\",\"params\":";
  const auto [at, bytes] = parameters.AppendJson(request.body, kKeyName);
  request.key_in_body = {at, bytes};
  request.body += '}';
  return request;
}

}  // namespace gannet::venue::binance
