#include "apps/gannet/remote.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "libs/api/rpc_service.h"
#include "libs/base/digest.h"
#include "libs/market/money.h"

namespace gannet::app {

using google::protobuf::Message;

int Report(const absl::Status& status, Console& console) {
  if (status.ok()) return kControlDone;
  console.err << "gannet: " << status.message() << "\n";
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return kControlUnreachable;
    case absl::StatusCode::kFailedPrecondition:
      return kControlDenied;
    default:
      return kControlFailed;
  }
}

void Table::Print(std::ostream& out) const {
  std::vector<size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    out << line << "\n";
  }
}

std::string Short(std::string name, std::string_view prefix) {
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

std::string ScopeText(const common::v1::Scope& scope) {
  const std::string kind = Short(common::v1::ScopeKind_Name(scope.kind()), "SCOPE_KIND_");
  return scope.name().empty() ? kind : kind + ":" + scope.name();
}

int Unheard(const common::v1::Scope& scope, Console& console, bool lifted) {
  console.err << "gannet: NOT KNOWN: nothing named " << ScopeText(scope)
              << " has been heard of, and nothing was stopped. Check the spelling (a strategy is "
                 "heard of with its first order)"
              << (lifted ? ""
                         : "; what was asked is recorded, and holds for what appears under that "
                           "name, until gannet resume")
              << "\n";
  return kControlUnheard;
}

std::string TimeOf(int64_t ns) {
  return ns == 0 ? "-" : base::FormatTime(base::FromUnixNanos(ns)).substr(0, 23) + "Z";
}

market::Int128 UnitsOf(const common::v1::Money& money) {
  const auto high = static_cast<unsigned __int128>(static_cast<uint64_t>(money.units_high()));
  return static_cast<market::Int128>(high << 64 | money.units_low());
}

std::string MoneyText(const common::v1::Money& money) {
  return money.scale() > market::kMaxScale
             ? "?"
             : market::FormatDecimal(UnitsOf(money), static_cast<int>(money.scale()));
}

absl::StatusOr<common::v1::Scope> ParseScope(const std::string& text) {
  common::v1::Scope scope;
  const size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  const std::map<std::string, common::v1::ScopeKind> kinds = {
      {"firm", common::v1::SCOPE_KIND_FIRM},
      {"account", common::v1::SCOPE_KIND_ACCOUNT},
      {"strategy", common::v1::SCOPE_KIND_STRATEGY},
      {"venue", common::v1::SCOPE_KIND_VENUE},
      {"instrument", common::v1::SCOPE_KIND_INSTRUMENT},
      {"model", common::v1::SCOPE_KIND_MODEL},
      {"service", common::v1::SCOPE_KIND_SERVICE}};
  const auto found = kinds.find(kind);
  const std::string name = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (found == kinds.end() || (kind == "firm") != name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text,
                     "' is no scope; write firm, account:NAME, strategy:NAME, venue:NAME, "
                     "instrument:VENUE:SYMBOL, model:NAME@VERSION or service:NAME"));
  }
  scope.set_kind(found->second);
  scope.set_name(name);
  // A name that cannot be one would be halted, and nothing stopped.
  const auto lacks = [&](common::v1::ScopeKind of, char mark) {
    return found->second == of && name.find(mark) == std::string::npos;
  };
  if (lacks(common::v1::SCOPE_KIND_INSTRUMENT, ':'))
    return absl::InvalidArgumentError(
        absl::StrCat("'", name,
                     "' is no instrument; write instrument:VENUE:SYMBOL, as in "
                     "instrument:binance-spot:BTCUSDT"));
  if (lacks(common::v1::SCOPE_KIND_MODEL, '@'))
    return absl::InvalidArgumentError(
        absl::StrCat("'", name, "' is no model; write model:NAME@VERSION"));
  return scope;
}

absl::Status Remote::Open() {
  rpc::ChannelOptions options;
  options.connect_limit = control_.timeout;  // gRPC's own would give up a slow process before
  if (control_.address.empty()) {
    const std::string socket = control_.data_dir + "/" + api::kSocketName;
    if (!console_.files.Exists(socket)) {
      return absl::UnavailableError(absl::StrCat("nothing runs on ", control_.data_dir, " (no ",
                                                 api::kSocketName,
                                                 " there); start `gannet run`, or name its "
                                                 "folder with --data"));
    }
    options.target = "unix:" + socket;
  } else {
    options.target = control_.address;
    options.tls.client_ca = control_.ca_file;
    const std::string file = control_.token_file.empty() ? control_.data_dir + "/" + api::kTokenName
                                                         : control_.token_file;
    GANNET_ASSIGN_OR_RETURN(options.token, console_.files.Read(file));
    while (!options.token.empty() && options.token.back() == '\n') options.token.pop_back();
  }
  GANNET_ASSIGN_OR_RETURN(auto channel, rpc::Channel::Open(std::move(options)));
  channel_ = std::move(channel);
  return absl::OkStatus();
}

absl::Status Remote::Stream(const char* method, const Message& request, Message& response,
                            const std::function<bool()>& on_message) {
  if (!channel_) GANNET_RETURN_IF_ERROR(Open());
  return channel_->Stream(method, request, response, base::Duration(0), on_message);
}

std::string Remote::RequestId() const {
  return control_.request_id.empty() ? base::Hex(base::RandomBytes(16)) : control_.request_id;
}

bool Remote::Json(const Message& message) {
  if (!control_.json) return false;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  if (google::protobuf::util::MessageToJsonString(message, &text, options).ok())
    console_.out << text << "\n";
  return true;
}

absl::StatusOr<market::v1::Instrument> Remote::Definition(const std::string& id, uint32_t version) {
  const auto known = definitions_.find({id, version});
  if (known != definitions_.end()) return known->second;
  market::v1::GetInstrumentRequest request;
  request.set_instrument(id);
  request.set_version(version);
  GANNET_ASSIGN_OR_RETURN(auto response,
                          Call<market::v1::GetInstrumentResponse>(
                              "gannet.market.v1.MarketDataService/GetInstrument", request));
  return definitions_[{id, version}] = response.instrument();
}

std::string Remote::Price(const std::string& id, uint32_t version, int64_t mantissa) {
  if (mantissa == 0) return "-";
  const auto definition = Definition(id, version);
  return definition.ok()
             ? market::FormatDecimal(mantissa, static_cast<int>(definition->price_scale()))
             : absl::StrCat(mantissa, "?");
}

std::string Remote::Quantity(const std::string& id, uint32_t version, int64_t mantissa) {
  const auto definition = Definition(id, version);
  return definition.ok()
             ? market::FormatDecimal(mantissa, static_cast<int>(definition->quantity_scale()))
             : absl::StrCat(mantissa, "?");
}

}  // namespace gannet::app
