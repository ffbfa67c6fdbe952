#include "libs/venue/bybit/transport.h"

#include "libs/base/check.h"
#include "libs/base/concat.h"

namespace gannet::venue::bybit {
namespace {

std::string MillisText(base::Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

void StampTime(WireRequest& request, base::Time now, base::Duration window) {
  request.timestamp = base::FromUnixMillis(base::UnixMillis(now));
  request.receive_window = window;
}

WireRequest Frame(RequestKind kind, std::string body) {
  WireRequest request;
  request.kind = kind;
  request.body = std::move(body);
  return request;
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

}  // namespace

WireRequest ToRest(const Call& call, const Signer& signer, std::string_view api_key, base::Time now,
                   base::Duration window) {
  WireRequest request;
  request.kind = call.kind;
  request.method.assign(call.method);
  request.target.assign(call.path);
  request.weight = call.weight;
  request.counts_as_order = call.counts_as_order;
  const bool in_body = call.method != "GET";
  std::string payload;
  if (in_body) {
    call.parameters.AppendJson(payload);
    request.body = payload;
    request.headers.emplace_back("Content-Type", "application/json");
  } else {
    call.parameters.AppendQuery(payload);
    if (!payload.empty()) request.target += "?" + payload;
  }
  if (call.security == Security::kPublic) return request;
  StampTime(request, now, window);
  request.with_key = true;
  const std::string timestamp = std::to_string(base::UnixMillis(request.timestamp));
  const std::string window_text = MillisText(window);
  request.headers.emplace_back(kTimestampHeader, timestamp);
  request.headers.emplace_back(kWindowHeader, window_text);
  request.headers.emplace_back(
      kSignatureHeader, signer.Sign(base::Concat({timestamp, api_key, window_text, payload})));
  return request;
}

WireRequest ToFrame(const Call& call, std::string_view id, base::Time now, base::Duration window) {
  GANNET_CHECK(!call.operation.empty(), "the call has a name on the WebSocket");
  WireRequest request = Frame(call.kind, base::Concat({"{\"reqId\":", Quoted(id)}));
  StampTime(request, now, window);
  request.weight = call.weight;
  request.counts_as_order = call.counts_as_order;
  request.body +=
      base::Concat({",\"header\":{\"", kTimestampHeader, "\":\"",
                    std::to_string(base::UnixMillis(request.timestamp)), "\",\"", kWindowHeader,
                    "\":\"", MillisText(window), "\"},\"op\":\"", call.operation, "\",\"args\":["});
  call.parameters.AppendJson(request.body);
  request.body += "]}";
  return request;
}

WireRequest Authenticate(const Signer& signer, std::string_view api_key, std::string_view id,
                         base::Time expires) {
  const std::string time = std::to_string(base::UnixMillis(expires));
  return Frame(
      RequestKind::kStreamKey,
      base::Concat({"{\"req_id\":", Quoted(id), ",\"op\":\"auth\",\"args\":[", Quoted(api_key), ",",
                    time, ",", Quoted(signer.Sign("GET/realtime" + time)), "]}"}));
}

WireRequest Subscribe(std::string_view id, std::span<const std::string_view> topics) {
  std::string list;
  for (const std::string_view topic : topics) {
    if (!list.empty()) list += ',';
    AppendJsonString(list, topic);
  }
  return Frame(
      RequestKind::kSubscribe,
      base::Concat({"{\"req_id\":", Quoted(id), ",\"op\":\"subscribe\",\"args\":[", list, "]}"}));
}

WireRequest Ping(std::string_view id) {
  return Frame(RequestKind::kStreamKey,
               base::Concat({"{\"req_id\":", Quoted(id), ",\"op\":\"ping\"}"}));
}

}  // namespace gannet::venue::bybit
