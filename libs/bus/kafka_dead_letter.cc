#include "libs/bus/kafka_dead_letter.h"

#include <algorithm>
#include <utility>

#include "libs/bus/kafka_settings.h"

namespace gannet::bus {
namespace {

constexpr std::string_view kTopic = "gannet-dlq-topic";
constexpr std::string_view kPartition = "gannet-dlq-partition";
constexpr std::string_view kOffset = "gannet-dlq-offset";
constexpr std::string_view kGroup = "gannet-dlq-group";
constexpr std::string_view kError = "gannet-dlq-error";
constexpr std::string_view kAttempts = "gannet-dlq-attempts";
constexpr std::string_view kHalted = "gannet-dlq-halted";
constexpr std::string_view kCut = "gannet-dlq-cut";
constexpr std::string_view kResolution = "gannet-resolution";
constexpr std::string_view kPerson = "gannet-resolved-by";
constexpr std::string_view kReason = "gannet-resolved-reason";
constexpr std::string_view kAt = "gannet-resolved-at";

std::string Cut(std::string_view text) { return std::string(text.substr(0, kMaxKafkaHeaderBytes)); }

KafkaHeaders PlaceHeaders(std::string_view topic, Position position, std::string_view group) {
  return {{std::string(kTopic), Cut(topic)},
          {std::string(kPartition), std::to_string(position.partition)},
          {std::string(kOffset), std::to_string(position.offset)},
          {std::string(kGroup), Cut(group)}};
}

std::string TextOf(const KafkaHeaders& headers, std::string_view name) {
  return std::string(FindHeader(headers, name).value_or(""));
}

struct Source {
  std::string topic;
  Position position;
};
std::optional<Source> ParseSource(const KafkaHeaders& headers) {
  const auto topic = FindHeader(headers, kTopic);
  const auto partition = ParseDecimal(FindHeader(headers, kPartition).value_or(""));
  const auto offset = ParseDecimal(FindHeader(headers, kOffset).value_or(""));
  if (!topic || topic->empty() || !partition || *partition > INT32_MAX || !offset ||
      *offset > INT64_MAX) {
    return std::nullopt;
  }
  return Source{.topic = std::string(*topic),
                .position = {.partition = static_cast<uint32_t>(*partition), .offset = *offset}};
}

}  // namespace

std::string_view ResolutionName(Resolution resolution) {
  return resolution == Resolution::kSkip ? "skip" : "retry";
}

KafkaHeaders FormatDeadLetter(const DeadLetter& letter) {
  KafkaHeaders headers = PlaceHeaders(letter.topic, letter.position, letter.group);
  headers.emplace_back(kError, Cut(letter.error));
  headers.emplace_back(kAttempts, std::to_string(letter.attempts));
  headers.emplace_back(kHalted, letter.halted ? "1" : "0");
  if (letter.trace != market::TraceContext()) {
    headers.emplace_back(header::kTrace, FormatTraceparent(letter.trace));
  }
  return headers;
}

KafkaRecord RecordOfLetter(const DeadLetter& letter, std::string topic, uint32_t partitions) {
  // Half a message each is far more than a person reads, and leaves room for the rest.
  constexpr size_t kMostKey = 64u << 10, kMostPayload = size_t{kMaxKafkaMessageBytes} / 2;
  KafkaRecord record{.topic = std::move(topic),
                     .partition = letter.position.partition,
                     .partitions = partitions,
                     .key = letter.key,
                     .payload = letter.payload,
                     .headers = FormatDeadLetter(letter)};
  if (record.key.size() <= kMostKey && record.payload.size() <= kMostPayload) return record;
  record.headers.emplace_back(kCut, std::to_string(record.key.size() + record.payload.size()));
  record.key.resize(std::min(record.key.size(), kMostKey));
  record.payload.resize(std::min(record.payload.size(), kMostPayload));
  return record;
}

KafkaHeaders FormatResolution(const ResolutionRecord& record) {
  KafkaHeaders headers = PlaceHeaders(record.topic, record.position, record.group);
  headers.emplace_back(kResolution, ResolutionName(record.resolution));
  headers.emplace_back(kPerson, Cut(record.person));
  headers.emplace_back(kReason, Cut(record.reason));
  headers.emplace_back(kAt, std::to_string(record.at.time_since_epoch().count()));
  return headers;
}

std::optional<DeadLetter> ParseDeadLetter(const KafkaHeaders& headers, std::string_view key,
                                          std::string_view payload) {
  std::optional<Source> source = ParseSource(headers);
  const auto attempts = ParseDecimal(FindHeader(headers, kAttempts).value_or(""));
  const std::string halted = TextOf(headers, kHalted);
  if (!source || !attempts || *attempts > UINT32_MAX || (halted != "0" && halted != "1")) {
    return std::nullopt;
  }
  return DeadLetter{.topic = std::move(source->topic),
                    .position = source->position,
                    .group = TextOf(headers, kGroup),
                    .error = TextOf(headers, kError),
                    .attempts = static_cast<uint32_t>(*attempts),
                    .halted = halted == "1",
                    .trace = ReadKafkaHeaders(headers).trace.value_or(market::TraceContext()),
                    .key = std::string(key),
                    .payload = std::string(payload)};
}

std::optional<ResolutionRecord> ParseResolution(const KafkaHeaders& headers) {
  std::optional<Source> source = ParseSource(headers);
  const std::string resolution = TextOf(headers, kResolution);
  const auto at = ParseDecimal(FindHeader(headers, kAt).value_or(""));
  if (!source || !at || *at > INT64_MAX || (resolution != "skip" && resolution != "retry")) {
    return std::nullopt;
  }
  ResolutionRecord record{
      .topic = std::move(source->topic),
      .position = source->position,
      .group = TextOf(headers, kGroup),
      .resolution = resolution == "skip" ? Resolution::kSkip : Resolution::kRetry,
      .person = TextOf(headers, kPerson),
      .reason = TextOf(headers, kReason),
      .at = base::Time(base::Duration(static_cast<int64_t>(*at)))};
  // Nobody lets a shard go on without a name.
  if (record.person.empty()) return std::nullopt;
  return record;
}

}  // namespace gannet::bus
