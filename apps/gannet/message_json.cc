#include "apps/gannet/message_json.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gannet/common/v1/amount.pb.h"
#include "gannet/common/v1/header.pb.h"
#include "gannet/exec/v1/exec.pb.h"
#include "gannet/market/v1/instrument.pb.h"
#include "gannet/market/v1/market_data.pb.h"
#include "gannet/ml/v1/prediction.pb.h"
#include "gannet/news/v1/news.pb.h"
#include "gannet/ops/v1/heartbeat.pb.h"
#include "gannet/ops/v1/ops.pb.h"
#include "gannet/order/v1/order.pb.h"
#include "gannet/order/v1/parent.pb.h"
#include "gannet/risk/v1/risk.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/base/digest.h"
#include "libs/base/utf8.h"
#include "libs/bus/access_topic.h"
#include "libs/bus/account_topic.h"
#include "libs/bus/heartbeat_topic.h"
#include "libs/market/decimal.h"
#include "libs/wire/codec.h"

namespace gannet::app {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

const Message* MessageOf(const bus::TopicInfo* topic) {
  using Row = std::pair<const bus::TopicInfo*, const Message*>;
  static const std::array kRows = {
      Row{&bus::kInstruments.info, &market::v1::InstrumentEvent::default_instance()},
      Row{&bus::kTrades.info, &market::v1::TradeEvent::default_instance()},
      Row{&bus::kBooks.info, &market::v1::BookUpdateEvent::default_instance()},
      Row{&bus::kQuotes.info, &market::v1::QuoteEvent::default_instance()},
      Row{&bus::kBars.info, &market::v1::BarEvent::default_instance()},
      Row{&bus::kMarketStatus.info, &market::v1::MarketStatusEvent::default_instance()},
      Row{&bus::kNewsRaw.info, &news::v1::NewsItemEvent::default_instance()},
      Row{&bus::kNewsSignals.info, &news::v1::NewsSignalEvent::default_instance()},
      Row{&bus::kPredictions.info, &ml::v1::PredictionEvent::default_instance()},
      Row{&bus::kOrderIntents.info, &order::v1::OrderIntentEvent::default_instance()},
      Row{&bus::kOrderParents.info, &order::v1::ParentOrderEvent::default_instance()},
      Row{&bus::kRiskDecisions.info, &risk::v1::RiskDecisionEvent::default_instance()},
      Row{&bus::kExecReports.info, &exec::v1::ExecReportEvent::default_instance()},
      Row{&bus::kPositions.info, &exec::v1::PositionUpdateEvent::default_instance()},
      Row{&bus::kBalances.info, &exec::v1::BalanceUpdateEvent::default_instance()},
      Row{&bus::kAccountEvents.info, &exec::v1::AccountEventEvent::default_instance()},
      Row{&bus::kRiskState.info, &risk::v1::RiskStateEvent::default_instance()},
      Row{&bus::kRiskLimits.info, &risk::v1::LimitEventEvent::default_instance()},
      Row{&bus::kCommands.info, &ops::v1::CommandEvent::default_instance()},
      Row{&bus::kAnswers.info, &ops::v1::CommandAnswerEvent::default_instance()},
      Row{&bus::kJournals.info, &ops::v1::EngineNoteEvent::default_instance()},
      Row{&bus::kHeartbeats.info, &ops::v1::HeartbeatEvent::default_instance()},
      Row{&bus::kAccess.info, &ops::v1::EngineNoteEvent::default_instance()},
  };
  const auto row =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.first == topic; });
  return row == kRows.end() ? nullptr : row->second;
}

bool IsText(std::string_view bytes) {
  return base::IsUtf8(bytes) && std::none_of(bytes.begin(), bytes.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte == 0x7f || (byte < 0x20 && c != '\t' && c != '\n' && c != '\r');
         });
}

void AppendMessage(const Message& message, std::string& out);

// The few messages that read better as one value.
bool AppendAsValue(const Message& message, std::string& out) {
  if (const auto* money = dynamic_cast<const common::v1::Money*>(&message)) {
    const auto high = static_cast<market::Int128>(money->units_high());
    const auto units = static_cast<market::Int128>(static_cast<unsigned __int128>(high) << 64 |
                                                   money->units_low());
    if (money->scale() > market::kMaxScale) return false;
    absl::StrAppend(&out, "\"", market::FormatDecimal(units, static_cast<int>(money->scale())),
                    "\"");
    return true;
  }
  if (const auto* decimal = dynamic_cast<const common::v1::Decimal*>(&message)) {
    if (decimal->scale() > market::kMaxScale) return false;
    absl::StrAppend(&out, "\"",
                    market::FormatDecimal(decimal->mantissa(), static_cast<int>(decimal->scale())),
                    "\"");
    return true;
  }
  if (const auto* id = dynamic_cast<const common::v1::EventId*>(&message)) {
    absl::StrAppend(&out, absl::StrFormat("\"%016x-%d\"", id->stream(), id->sequence()));
    return true;
  }
  return false;
}

// One value of a field; `index` below 0 for a field that is not repeated.
void AppendValue(const Message& message, const FieldDescriptor& field, int index,
                 std::string& out) {
  const Reflection& read = *message.GetReflection();
  const bool one = index < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      absl::StrAppend(&out, one ? read.GetInt32(message, &field)
                                : read.GetRepeatedInt32(message, &field, index));
      return;
    case FieldDescriptor::CPPTYPE_UINT32:
      absl::StrAppend(&out, one ? read.GetUInt32(message, &field)
                                : read.GetRepeatedUInt32(message, &field, index));
      return;
    case FieldDescriptor::CPPTYPE_INT64:
      absl::StrAppend(&out, one ? read.GetInt64(message, &field)
                                : read.GetRepeatedInt64(message, &field, index));
      return;
    case FieldDescriptor::CPPTYPE_UINT64:
      absl::StrAppend(&out, one ? read.GetUInt64(message, &field)
                                : read.GetRepeatedUInt64(message, &field, index));
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      out += (one ? read.GetBool(message, &field) : read.GetRepeatedBool(message, &field, index))
                 ? "true"
                 : "false";
      return;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = one ? read.GetEnumValue(message, &field)
                             : read.GetRepeatedEnumValue(message, &field, index);
      const auto* value = field.enum_type()->FindValueByNumber(number);
      out += value == nullptr ? absl::StrCat(number) : absl::StrCat("\"", value->name(), "\"");
      return;
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text =
          one ? read.GetString(message, &field) : read.GetRepeatedString(message, &field, index);
      out += field.type() == FieldDescriptor::TYPE_BYTES ? JsonBytes(text) : JsonText(text);
      return;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Message& inner =
          one ? read.GetMessage(message, &field) : read.GetRepeatedMessage(message, &field, index);
      if (!AppendAsValue(inner, out)) AppendMessage(inner, out);
      return;
    }
    case FieldDescriptor::CPPTYPE_DOUBLE:
      absl::StrAppendFormat(
          &out, "%.17g",
          one ? read.GetDouble(message, &field) : read.GetRepeatedDouble(message, &field, index));
      return;
    case FieldDescriptor::CPPTYPE_FLOAT:
      absl::StrAppendFormat(
          &out, "%.9g",
          one ? read.GetFloat(message, &field) : read.GetRepeatedFloat(message, &field, index));
      return;
  }
}

// Fields in the order of their numbers. Plain fields are shown at their default
// too; absent messages and empty lists are left out.
void AppendMessage(const Message& message, std::string& out) {
  const Reflection& read = *message.GetReflection();
  const auto* descriptor = message.GetDescriptor();
  std::vector<const FieldDescriptor*> fields;
  for (int i = 0; i < descriptor->field_count(); ++i) fields.push_back(descriptor->field(i));
  std::sort(fields.begin(), fields.end(),
            [](const auto* a, const auto* b) { return a->number() < b->number(); });
  out += '{';
  bool first = true;
  for (const FieldDescriptor* field : fields) {
    const int count = field->is_repeated() ? read.FieldSize(message, field) : 1;
    if (count == 0 ||
        (!field->is_repeated() && field->has_presence() && !read.HasField(message, field)))
      continue;
    absl::StrAppend(&out, first ? "" : ",", "\"", field->name(), "\":");
    first = false;
    if (!field->is_repeated()) {
      AppendValue(message, *field, -1, out);
      continue;
    }
    out += '[';
    for (int i = 0; i < count; ++i) {
      if (i > 0) out += ',';
      AppendValue(message, *field, i, out);
    }
    out += ']';
  }
  out += '}';
}

std::string_view KindName(wire::StreamEvent::Kind kind) {
  switch (kind) {
    case wire::StreamEvent::Kind::kOpened:
      return "opened";
    case wire::StreamEvent::Kind::kClosed:
      return "closed";
    case wire::StreamEvent::Kind::kFrame:
      return "frame";
  }
  return "unknown";
}

std::string Json(const wire::StreamEvent& event) {
  return absl::StrCat("{\"connection\":", JsonText(event.connection), ",\"kind\":\"",
                      std::string(KindName(event.kind)), "\",\"body\":", JsonBytes(event.body),
                      "}");
}

std::string Json(const wire::HttpExchange& exchange) {
  std::string headers;
  for (const auto& [name, value] : exchange.headers) {
    absl::StrAppend(&headers, headers.empty() ? "" : ",", "[", JsonText(name), ",", JsonText(value),
                    "]");
  }
  return absl::StrCat("{\"request_id\":", exchange.request_id,
                      ",\"transport_error\":", JsonText(exchange.transport_error),
                      ",\"status\":", exchange.status, ",\"headers\":[", headers,
                      "],\"body\":", JsonBytes(exchange.body), "}");
}

}  // namespace

std::string JsonText(std::string_view text) {
  if (!base::IsUtf8(text)) return JsonText(base::ReplaceBadUtf8(text));
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out += '"';
}

std::string JsonBytes(std::string_view bytes) {
  if (IsText(bytes)) return JsonText(bytes);
  return absl::StrCat("{\"hex\":\"", base::Hex(bytes), "\"}");
}

std::optional<std::string> JsonOfEvent(std::string_view topic, std::string_view bytes) {
  const Message* prototype = MessageOf(bus::FindTopic(topic));
  if (prototype == nullptr || bytes.size() > wire::kMaxMessageBytes) return std::nullopt;
  const std::unique_ptr<Message> message(prototype->New());
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  std::string out;
  AppendMessage(*message, out);
  return out;
}

std::string JsonMemberOfInput(std::string_view bytes) {
  // Protobuf reads much that it did not write: what it was shows in whether the
  // same bytes come out again.
  if (const auto event = wire::DecodeStreamEvent(bytes);
      event.ok() && wire::EncodeInput(*event) == bytes) {
    return "\"stream\":" + Json(*event);
  }
  if (const auto exchange = wire::DecodeHttpExchange(bytes);
      !bytes.empty() && exchange.ok() && wire::EncodeInput(*exchange) == bytes) {
    return "\"http\":" + Json(*exchange);
  }
  if (IsText(bytes)) return "\"text\":" + JsonText(bytes);
  return absl::StrCat("\"hex\":\"", base::Hex(bytes), "\"");
}

}  // namespace gannet::app
