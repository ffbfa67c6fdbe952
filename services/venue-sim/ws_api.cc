#include "services/venue-sim/ws_api.h"

#include <simdjson.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/venue-sim/payloads.h"

namespace gannet::venue_sim {
namespace {

namespace ondemand = simdjson::ondemand;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() &&
         (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

// A parameter as text: strings decoded, numbers and booleans as written, which is
// how they are signed; lists as their JSON.
bool ReadValue(ondemand::value value, std::string* text) {
  ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  std::string_view view;
  switch (type) {
    case ondemand::json_type::string:
      if (value.get_string().get(view) != simdjson::SUCCESS) return false;
      *text = view;
      return true;
    case ondemand::json_type::number:
    case ondemand::json_type::boolean:
      *text = Trimmed(value.raw_json_token());
      return true;
    case ondemand::json_type::array: {
      ondemand::array array;
      if (value.get_array().get(array) != simdjson::SUCCESS) return false;
      if (array.raw_json().get(view) != simdjson::SUCCESS) return false;
      *text = Trimmed(view);
      return true;
    }
    default:
      return false;
  }
}

// What the perpetuals take as JSON integers only (USDS-M WebSocket API, General Info).
bool IsInteger(std::string_view name) {
  return name == "orderId" || name == "algoId" || name == "timestamp" || name == "recvWindow";
}

}  // namespace

struct WsApi::Request {
  std::string id = "null";  // JSON
  std::string method;
  Params params;
  std::string quoted;  // a whole number that was sent as text
  std::optional<ApiError> error;

  void Read(std::string_view text);

 private:
  bool ReadFields(ondemand::object object);
  bool ReadId(ondemand::value value);
};

bool WsApi::Request::ReadId(ondemand::value value) {
  ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type == ondemand::json_type::null) return true;
  std::string_view view;
  if (type == ondemand::json_type::string) {
    if (value.get_string().get(view) != simdjson::SUCCESS || view.size() > 36) return false;
    JsonText json;
    id = json.Text(view).Take();
    return true;
  }
  if (type != ondemand::json_type::number) return false;
  view = Trimmed(value.raw_json_token());
  if (view.size() > 20 || view.find_first_not_of("-0123456789") != std::string_view::npos)
    return false;
  id = view;
  return true;
}

bool WsApi::Request::ReadFields(ondemand::object object) {
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    const std::string name(key);
    if (field.value().get(value) != simdjson::SUCCESS) return false;
    if (name == "id") {
      if (!ReadId(value)) {
        error = ApiError{-1190, "Invalid request ID."};
        return true;
      }
    } else if (name == "method") {
      std::string_view text;
      if (value.get_string().get(text) != simdjson::SUCCESS) return false;
      method = text;
    } else if (name == "params") {
      ondemand::object params_object;
      if (value.get_object().get(params_object) != simdjson::SUCCESS) return false;
      for (auto param : params_object) {
        std::string_view param_key;
        ondemand::value param_value;
        if (param.unescaped_key().get(param_key) != simdjson::SUCCESS) return false;
        const std::string param_name(param_key);
        if (param.value().get(param_value) != simdjson::SUCCESS) return false;
        std::string text;
        ondemand::json_type type;
        if (IsInteger(param_name) && param_value.type().get(type) == simdjson::SUCCESS &&
            type == ondemand::json_type::string)
          quoted = param_name;
        if (!ReadValue(param_value, &text)) return false;
        params.Add(param_name, std::move(text));
      }
    }
  }
  return true;
}

void WsApi::Request::Read(std::string_view text) {
  const ApiError invalid{-1135, "JSON Request is invalid"};
  simdjson::padded_string padded(text);
  ondemand::parser parser;
  ondemand::document document;
  ondemand::object object;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS || !ReadFields(object)) {
    error = invalid;
    return;
  }
  const char* rest = nullptr;
  if (document.current_location().get(rest) == simdjson::SUCCESS)
    error = invalid;  // something follows the object
  if (!error && method.empty())
    error =
        ApiError{-1102, "Mandatory parameter 'method' was not sent, was empty/null, or malformed."};
}

void WsApi::Open(ConnectionId id, std::string address, bool usdm) {
  Connection& connection = connections_[id];
  connection.usdm = usdm;
  // What opening a connection weighs.
  (void)LimitsOf(connection).Use(address, usdm ? 5 : 2, exchange_.now());
  connection.address = std::move(address);
}

void WsApi::OnMessage(ConnectionId id, std::string_view text) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  Request request;
  request.Read(text);
  ApiRequest api_request;
  api_request.params = request.params;
  const bool with_limits = request.params.Get("returnRateLimits") != "false";
  const ApiReply reply = Answer(connection, request, api_request);
  outbox_.Send(id, Envelope(connection, request.id, reply, with_limits));
  if (reply.error && reply.error->http_status == 418) outbox_.Close(id);
}

ApiReply WsApi::Answer(Connection& connection, const Request& request, ApiRequest& api_request) {
  ApiReply reply;
  if (request.error) {
    reply.error = request.error;
    return reply;
  }
  if (connection.usdm && !request.quoted.empty()) {
    reply.error = ApiError{-1102, absl::StrCat("Mandatory parameter '", request.quoted,
                                               "' was not sent, was empty/null, or malformed.")};
    return reply;
  }
  const std::string payload = SortedPayload(api_request.params);
  const std::string api_key(api_request.params.Get("apiKey"));
  api_request.address = connection.address;
  api_request.api_key = api_key;
  api_request.payload = payload;
  if (const Endpoint* endpoint = Api::FindWs(request.method, connection.usdm))
    return api_.Call(*endpoint, api_request);

  if (auto error = LimitsOf(connection).Use(connection.address, 2, exchange_.now())) {
    reply.error = *std::move(error);
    return reply;
  }
  if (connection.usdm) {
    reply.error = ApiError{-1020, "This operation is not supported."};
    return reply;
  }
  if (request.method == "userDataStream.subscribe.signature")
    return Subscribe(connection, api_request);
  if (request.method == "userDataStream.unsubscribe") return Unsubscribe(connection, api_request);
  if (request.method == "session.subscriptions") return ListSubscriptions(connection);
  if (request.method == "session.status") {
    JsonText json;
    json.Object()
        .Null("apiKey")
        .Null("authorizedSince")
        .Null("connectedSince")
        .Bool("returnRateLimits", true);
    reply.result = json.Int("serverTime", base::UnixMillis(exchange_.now()))
                       .Bool("userDataStream", !connection.subscriptions.empty())
                       .EndObject()
                       .Take();
    return reply;
  }
  if (request.method == "session.logon" || request.method == "userDataStream.subscribe") {
    // Only a session could: it takes an Ed25519 key.
    reply.error = ApiError{-2015, "Invalid API-key, IP, or permissions for action.", 401};
    return reply;
  }
  reply.error = ApiError{-1020, "This operation is not supported."};
  return reply;
}

ApiReply WsApi::Subscribe(Connection& connection, const ApiRequest& request) {
  ApiReply reply;
  const auto account = api_.Authenticate(request, Security::kSigned);
  if (const ApiError* error = Failed(account)) {
    reply.error = *error;
    return reply;
  }
  for (const auto& [id, subscribed] : connection.subscriptions) {
    if (subscribed != *Ok(account)) continue;
    reply.error = ApiError{-2035, "User Data Stream subscription already active."};
    return reply;
  }
  if (connection.next_subscription >= kMaxSubscriptions) {
    reply.error = ApiError{-2042, "Maximum subscription ID reached for this connection."};
    return reply;
  }
  const uint64_t id = connection.next_subscription++;
  connection.subscriptions[id] = *Ok(account);
  JsonText json;
  reply.result = json.Object().Unsigned("subscriptionId", id).EndObject().Take();
  return reply;
}

ApiReply WsApi::Unsubscribe(Connection& connection, const ApiRequest& request) {
  ApiReply reply;
  ParamReader reader(request.params);
  const auto id = reader.Integer("subscriptionId");
  if (!reader.ok()) {
    reply.error = reader.error();
  } else if (!id) {
    connection.subscriptions.clear();
  } else if (connection.subscriptions.erase(static_cast<uint64_t>(*id)) == 0) {
    reply.error = ApiError{-2036, "User Data Stream subscription not active."};
  }
  if (!reply.error) reply.result = "{}";
  return reply;
}

ApiReply WsApi::ListSubscriptions(const Connection& connection) const {
  JsonText json;
  json.Array();
  for (const auto& [id, account] : connection.subscriptions)
    json.Object().Unsigned("subscriptionId", id).EndObject();
  ApiReply reply;
  reply.result = json.EndArray().Take();
  return reply;
}

std::string WsApi::Envelope(const Connection& connection, const std::string& id,
                            const ApiReply& reply, bool with_limits) {
  const base::Time now = exchange_.now();
  JsonText json;
  json.Object().Raw("id", id).Int("status", reply.error ? reply.error->http_status : 200);
  if (reply.error) {
    std::string data = reply.error_data;
    if (reply.error->retry_after_s > 0) {
      JsonText retry;
      const int64_t server = base::UnixMillis(now);
      data = retry.Object()
                 .Int("serverTime", server)
                 .Int("retryAfter", server + reply.error->retry_after_s * 1000)
                 .EndObject()
                 .Take();
    }
    JsonText error;
    WriteError(error, *reply.error, data);
    json.Raw("error", error.text());
  } else {
    json.Raw("result", reply.result);
  }
  if (with_limits) {
    json.Array("rateLimits");
    if (reply.ordered_by) LimitsOf(connection).WriteOrders(json, *reply.ordered_by, now);
    LimitsOf(connection).WriteWeight(json, connection.address, now);
    json.EndArray();
  }
  return json.EndObject().Take();
}

void WsApi::Publish(AccountIndex account, const std::string& event) {
  for (const auto& [id, connection] : connections_) {
    for (const auto& [subscription, subscribed] : connection.subscriptions) {
      if (subscribed != account) continue;
      outbox_.Send(
          id, "{\"subscriptionId\":" + std::to_string(subscription) + ",\"event\":" + event + "}");
    }
  }
}

void WsApi::PublishAll(const std::string& text) {
  const auto shared = std::make_shared<const std::string>(text);
  for (const auto& [id, connection] : connections_) outbox_.Send(id, shared);
}

}  // namespace gannet::venue_sim
