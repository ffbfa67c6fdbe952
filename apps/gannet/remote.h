// The running process as the commands for people see it: calls over its socket or
// over TCP, and what they print. Includes generated code: for .cc files only.
#pragma once

#include <cctype>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apps/gannet/control_command.h"
#include "gannet/common/v1/header.pb.h"
#include "gannet/market/v1/market_data_service.pb.h"
#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/market/decimal.h"
#include "libs/rpc/channel.h"

namespace gannet::app {

// Says what is wrong; the exit code.
int Report(const absl::Status& status, Console& console);

// Columns as wide as their widest cell.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void Print(std::ostream& out) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "ORDER_STATE_ACCEPTED" → "accepted".
std::string Short(std::string name, std::string_view prefix);
std::string ScopeText(const common::v1::Scope& scope);
std::string TimeOf(int64_t ns);
market::Int128 UnitsOf(const common::v1::Money& money);
// "?" for a scale that no money has.
std::string MoneyText(const common::v1::Money& money);
// Says that nothing of the name has been heard of; the exit code. `lifted`: and nothing of the
// command holds any more.
int Unheard(const common::v1::Scope& scope, Console& console, bool lifted = false);
// INVALID_ARGUMENT says how scopes are written.
absl::StatusOr<common::v1::Scope> ParseScope(const std::string& text);

// "take-profit" of an enum of proto/, whose names begin with `prefix`. INVALID_ARGUMENT when
// it has no such name.
template <class Enum>
absl::StatusOr<Enum> ParseName(const std::string& text, std::string_view prefix,
                               bool (*parse)(google::protobuf::ConstStringParam, Enum*)) {
  std::string name(prefix);
  for (const char c : text)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  Enum value{};
  if (!parse(name, &value)) {
    return absl::InvalidArgumentError(
        base::Concat({"'", text, "' is not known; see --help for what there is"}));
  }
  return value;
}

// The running process.
class Remote {
 public:
  Remote(const ControlOptions& control, Console& console) : control_(control), console_(console) {}

  absl::Status Open();
  template <class Response>
  absl::StatusOr<Response> Call(const char* method, const google::protobuf::Message& request) {
    if (!channel_) GANNET_RETURN_IF_ERROR(Open());
    Response response;
    GANNET_RETURN_IF_ERROR(channel_->Call(method, request, response, control_.timeout));
    return response;
  }
  absl::Status Stream(const char* method, const google::protobuf::Message& request,
                      google::protobuf::Message& response, const std::function<bool()>& on_message);
  std::string RequestId() const;
  // Prints the message when JSON is wanted.
  bool Json(const google::protobuf::Message& message);
  absl::StatusOr<market::v1::Instrument> Definition(const std::string& id, uint32_t version = 0);
  // At the scale of its instrument; the bare mantissa when that is not known here.
  std::string Price(const std::string& id, uint32_t version, int64_t mantissa);
  std::string Quantity(const std::string& id, uint32_t version, int64_t mantissa);

 private:
  const ControlOptions& control_;
  Console& console_;
  std::optional<rpc::Channel> channel_;
  std::map<std::pair<std::string, uint32_t>, market::v1::Instrument> definitions_;
};

// Asks for one thing that is done or refused, and says what came of it; the exit code.
// The request's id and reason come from `control`.
template <class Response, class Request>
int Settle(const ControlOptions& control, const char* method, Request request, Console& console) {
  Remote remote(control, console);
  request.set_request_id(remote.RequestId());
  request.set_reason(control.reason);
  const auto response = remote.Call<Response>(method, request);
  if (!response.ok()) return Report(response.status(), console);
  if (!remote.Json(*response)) console.out << response->detail() << "\n";
  return kControlDone;
}

}  // namespace gannet::app
