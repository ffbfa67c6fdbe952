#include "libs/venue/binance/user_stream_codec.h"

#include "libs/base/status.h"
#include "libs/venue/binance/order_json.h"

namespace gannet::venue::binance {
namespace {

absl::StatusOr<ExecutionReport> ReadExecutionReport(dom::object object, bool keep) {
  ExecutionReport report;
  bool has_id = false;
  FieldReader read(keep, report.other);
  for (const auto [key, value] : object) {
    switch (key.size() == 1 ? key[0] : '\0') {
      case 'e':
        break;
      case 'E':
        read.Number(key, value, report.event_time);
        break;
      case 'T':
        read.Number(key, value, report.transaction_time);
        break;
      case 's':
        read.Text(key, value, report.symbol);
        break;
      case 'c':
        read.Text(key, value, report.client_order_id);
        break;
      case 'C':
        read.Text(key, value, report.original_client_order_id);
        break;
      case 'S':
        read.Text(key, value, report.side);
        break;
      case 'o':
        read.Text(key, value, report.type);
        break;
      case 'f':
        read.Text(key, value, report.time_in_force);
        break;
      case 'q':
        read.Text(key, value, report.quantity);
        break;
      case 'p':
        read.Text(key, value, report.price);
        break;
      case 'P':
        read.Text(key, value, report.stop_price);
        break;
      case 'x':
        read.Text(key, value, report.execution_type);
        break;
      case 'X':
        read.Text(key, value, report.status);
        break;
      case 'r':
        read.Text(key, value, report.reject_reason);
        break;
      case 'i':
        read.Number(key, value, report.order_id);
        has_id = true;
        break;
      case 'l':
        read.Text(key, value, report.last_quantity);
        break;
      case 'z':
        read.Text(key, value, report.cumulative);
        break;
      case 'L':
        read.Text(key, value, report.last_price);
        break;
      case 'n':
        read.Text(key, value, report.commission);
        break;
      case 'N':
        if (!value.is_null()) read.Text(key, value, report.commission_asset);
        break;
      case 't':
        read.Number(key, value, report.trade_id);
        break;
      case 'a':
        read.Number(key, value, report.allocation_id);
        break;
      case 'w':
        read.Flag(key, value, report.on_book);
        break;
      case 'm':
        read.Flag(key, value, report.is_maker);
        break;
      case 'W':
        read.Number(key, value, report.working_time);
        break;
      default:
        read.Other(key, value);
    }
  }
  if (report.symbol.empty()) read.Missing("s");
  if (report.client_order_id.empty()) read.Missing("c");
  if (report.side.empty()) read.Missing("S");
  if (report.execution_type.empty()) read.Missing("x");
  if (report.status.empty()) read.Missing("X");
  if (report.quantity.empty()) read.Missing("q");
  if (report.cumulative.empty()) read.Missing("z");
  if (!has_id) read.Missing("i");
  GANNET_RETURN_IF_ERROR(read.status());
  return report;
}

absl::StatusOr<AccountPosition> ReadAccountPosition(dom::object object, bool keep) {
  AccountPosition position;
  bool has_balances = false;
  FieldReader read(keep, position.other);
  for (const auto [key, value] : object) {
    if (key == "e") continue;
    if (key == "E") {
      read.Number(key, value, position.event_time);
    } else if (key == "u") {
      read.Number(key, value, position.update_time);
    } else if (key == "B") {
      has_balances = true;
      dom::array array;
      if (value.get(array)) return absl::InvalidArgumentError("field B is not a list");
      for (const dom::element member : array) {
        GANNET_ASSIGN_OR_RETURN(const dom::object entry, AsObject(member, "a member of B"));
        SpotBalance& balance = position.balances.emplace_back();
        FieldReader read_entry(keep, balance.other);
        for (const auto [name, field] : entry) {
          if (name == "a") {
            read_entry.Text(name, field, balance.asset);
          } else if (name == "f") {
            read_entry.Text(name, field, balance.free);
          } else if (name == "l") {
            read_entry.Text(name, field, balance.locked);
          } else {
            read_entry.Other(name, field);
          }
        }
        if (balance.asset.empty()) read_entry.Missing("B.a");
        if (balance.free.empty()) read_entry.Missing("B.f");
        if (balance.locked.empty()) read_entry.Missing("B.l");
        GANNET_RETURN_IF_ERROR(read_entry.status());
      }
    } else {
      read.Other(key, value);
    }
  }
  if (!has_balances) read.Missing("B");
  GANNET_RETURN_IF_ERROR(read.status());
  return position;
}

absl::StatusOr<BalanceDelta> ReadBalanceDelta(dom::object object, bool keep) {
  BalanceDelta delta;
  FieldReader read(keep, delta.other);
  for (const auto [key, value] : object) {
    if (key == "e") continue;
    if (key == "E") {
      read.Number(key, value, delta.event_time);
    } else if (key == "T") {
      read.Number(key, value, delta.clear_time);
    } else if (key == "a") {
      read.Text(key, value, delta.asset);
    } else if (key == "d") {
      read.Text(key, value, delta.delta);
    } else {
      read.Other(key, value);
    }
  }
  if (delta.asset.empty()) read.Missing("a");
  if (delta.delta.empty()) read.Missing("d");
  GANNET_RETURN_IF_ERROR(read.status());
  return delta;
}

absl::StatusOr<StreamTerminated> ReadTerminated(dom::object object, std::string_view event,
                                                bool keep) {
  StreamTerminated end;
  end.event.assign(event);
  FieldReader read(keep, end.other);
  for (const auto [key, value] : object) {
    if (key == "e") continue;
    if (key == "E") {
      read.Number(key, value, end.event_time);
    } else {
      read.Other(key, value);
    }
  }
  GANNET_RETURN_IF_ERROR(read.status());
  return end;
}

absl::StatusOr<UserFrame> ReadEvent(dom::element element, bool keep) {
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(element, "an event"));
  std::string_view event;
  if (object["e"].get(event)) return absl::InvalidArgumentError("field e is missing");
  UserFrame frame;
  if (event == "executionReport") {
    GANNET_ASSIGN_OR_RETURN(frame.content, ReadExecutionReport(object, keep));
  } else if (event == "outboundAccountPosition") {
    GANNET_ASSIGN_OR_RETURN(frame.content, ReadAccountPosition(object, keep));
  } else if (event == "balanceUpdate") {
    GANNET_ASSIGN_OR_RETURN(frame.content, ReadBalanceDelta(object, keep));
  } else if (event == "eventStreamTerminated" || event == "serverShutdown") {
    GANNET_ASSIGN_OR_RETURN(frame.content, ReadTerminated(object, event, keep));
  } else {
    frame.content =
        OtherEvent{std::string(event), keep ? simdjson::minify(element) : std::string()};
  }
  return frame;
}

absl::Status ReadResponseError(dom::element element, ApiResponse& response) {
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(element, "field error"));
  int64_t code = 0;
  std::string_view message;
  if (object["code"].get(code)) return absl::InvalidArgumentError("field error.code is missing");
  if (object["msg"].get(message)) message = {};
  response.error = SpotError{static_cast<int>(code), std::string(message), {}};
  return absl::OkStatus();
}

absl::StatusOr<ApiResponse> ReadResponse(dom::object object, bool keep) {
  ApiResponse response;
  bool has_status = false;
  FieldReader read(keep, response.other);
  for (const auto [key, value] : object) {
    if (key == "id") {
      std::string_view text;
      response.id = value.get(text) ? simdjson::minify(value) : std::string(text);
    } else if (key == "status") {
      read.Number(key, value, response.status);
      has_status = true;
    } else if (key == "result") {
      dom::object result;
      int64_t id = 0;
      if (!value.get(result) && !result["subscriptionId"].get(id)) response.subscription_id = id;
      read.Other(key, value);
    } else if (key == "error") {
      GANNET_RETURN_IF_ERROR(ReadResponseError(value, response));
    } else {
      read.Other(key, value);
    }
  }
  if (!has_status) read.Missing("status");
  GANNET_RETURN_IF_ERROR(read.status());
  return response;
}

}  // namespace

struct UserStreamReader::Impl {
  JsonDocument document;
  bool keep;
};

UserStreamReader::UserStreamReader(bool keep_other) : impl_(new Impl{{}, keep_other}) {}
UserStreamReader::~UserStreamReader() = default;

absl::StatusOr<UserFrame> UserStreamReader::Read(std::string_view text) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(text));
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(root, "a frame"));
  dom::element event, status;
  if (!object["event"].get(event)) {
    GANNET_ASSIGN_OR_RETURN(UserFrame frame, ReadEvent(event, impl_->keep));
    int64_t id = 0;
    if (!object["subscriptionId"].get(id)) frame.subscription_id = id;
    return frame;
  }
  if (!object["status"].get(status)) {
    GANNET_ASSIGN_OR_RETURN(ApiResponse response, ReadResponse(object, impl_->keep));
    return UserFrame{std::move(response), std::nullopt};
  }
  return ReadEvent(root, impl_->keep);
}

}  // namespace gannet::venue::binance
