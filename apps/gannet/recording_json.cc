#include "apps/gannet/recording_json.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "apps/gannet/message_json.h"
#include "libs/base/digest.h"
#include "libs/base/time.h"
#include "libs/journal/recording.h"

namespace gannet::app {
namespace {

std::string BytesOrNull(const std::optional<std::string>& bytes) {
  return bytes ? JsonBytes(*bytes) : "null";
}

std::string OfMessage(std::string_view topic, const journal::RecordedMessage& message) {
  std::string out =
      absl::StrCat("\"partition\":", message.partition, ",\"offset\":", message.offset);
  if (message.timestamp_ms >= 0)
    absl::StrAppend(&out, ",\"kept\":\"",
                    base::FormatTime(base::FromUnixMillis(message.timestamp_ms)), "\"");
  absl::StrAppend(&out, ",\"key\":", BytesOrNull(message.key), ",\"headers\":[");
  for (const auto& [name, value] : message.headers) {
    absl::StrAppend(&out, out.ends_with('[') ? "[" : ",[", JsonText(name), ",", BytesOrNull(value),
                    "]");
  }
  out += "]";
  const auto event = message.payload ? JsonOfEvent(topic, *message.payload) : std::nullopt;
  return absl::StrCat(
      out, event ? ",\"event\":" : ",\"payload\":", event ? *event : BytesOrNull(message.payload));
}

std::string OfGap(const journal::RecordedGap& gap) {
  return absl::StrCat("\"topic\":", JsonText(gap.topic), ",\"partition\":", gap.partition,
                      ",\"reason\":\"", std::string(journal::Name(gap.reason)),
                      "\",\"from\":", gap.from, ",\"to\":", gap.to, ",\"missing\":", gap.count);
}

}  // namespace

std::string JsonMembersOfRecorded(const journal::Record& record) {
  if (record.channel == journal::kClusterChannel)
    return absl::StrCat("\"cluster\":", JsonText(record.payload));
  if (record.channel == journal::kGapChannel) {
    if (const auto gap = journal::DecodeGap(record.payload); gap.ok()) return OfGap(*gap);
  } else if (record.channel == journal::kRepeatChannel) {
    if (const auto repeat = journal::DecodeRepeat(record.payload); repeat.ok())
      return absl::StrCat("\"topic\":", JsonText(repeat->topic), ",",
                          OfMessage(repeat->topic, repeat->message));
  } else if (const auto message = journal::DecodeRecorded(record.payload); message.ok()) {
    return OfMessage(record.channel, *message);
  }
  return absl::StrCat("\"hex\":\"", base::Hex(record.payload), "\"");
}

}  // namespace gannet::app
