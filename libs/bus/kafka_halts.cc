#include "libs/bus/kafka_halts.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::bus {
namespace {

constexpr int kRecordsPerTurn = 1'000;

}  // namespace

absl::Status KafkaHalts::Serve(KafkaInbox& inbox) {
  const std::vector<DeadLetter> letters = inbox.Halted();
  std::map<uint32_t, Watch> kept;
  for (const DeadLetter& letter : letters) {
    const auto found = watches_.find(letter.position.partition);
    if (found != watches_.end() && found->second.offset == letter.position.offset) {
      kept.emplace(found->first, std::move(found->second));
    } else {
      kept[letter.position.partition].offset = letter.position.offset;
    }
  }
  watches_ = std::move(kept);
  absl::Status status;
  for (const DeadLetter& letter : letters) {
    Watch& watch = watches_.at(letter.position.partition);
    if (watch.client == nullptr) status.Update(Open(letter.position.partition, watch));
    if (watch.client != nullptr) Read(letter.position.partition, watch, inbox, letter);
  }
  return status;
}

absl::Status KafkaHalts::Open(uint32_t partition, Watch& watch) {
  const std::string id = absl::StrCat(client_id_, "-halt-", ++clients_);
  GANNET_ASSIGN_OR_RETURN(KafkaOwned<rd_kafka_conf_t> conf,
                          MakeKafkaConf(KafkaRole::kEventConsumer, cluster_, id, id));
  GANNET_ASSIGN_OR_RETURN(KafkaReaderClient client, MakeKafkaConsumer(std::move(conf)));
  GANNET_ASSIGN_OR_RETURN(const KafkaExtent extent,
                          KafkaExtentOf(client.get(), dead_letters_, partition));
  const auto list = KafkaList(dead_letters_, {{.partition = partition, .offset = extent.begin}});
  const rd_kafka_resp_err_t error = rd_kafka_assign(client.get(), list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return absl::UnavailableError(KafkaErrorText(error));
  watch.next = extent.begin;
  watch.history_end = extent.end;
  watch.client = std::move(client);
  return absl::OkStatus();
}

void KafkaHalts::Read(uint32_t partition, Watch& watch, KafkaInbox& inbox,
                      const DeadLetter& letter) {
  const Position halted{.partition = partition, .offset = watch.offset};
  for (int i = 0; i < kRecordsPerTurn; ++i) {
    const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consumer_poll(watch.client.get(), 0));
    if (message == nullptr || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) break;
    watch.next = static_cast<uint64_t>(message->offset) + 1;
    const auto record = ParseResolution(KafkaHeadersOf(*message));
    const bool meant = record && record->topic == letter.topic && record->position == halted &&
                       (record->group.empty() || record->group == group_);
    if (!meant) continue;
    watch.last = record->resolution;
    if (watch.caught_up) inbox.Resolve(halted, record->resolution);
  }
  if (!watch.caught_up && watch.next >= watch.history_end) {
    watch.caught_up = true;
    if (watch.last == Resolution::kSkip) inbox.Resolve(halted, Resolution::kSkip);
  }
  // One letter for each time it came to a stop.
  if (watch.caught_up && watch.written != letter.attempts && watch.last != Resolution::kSkip &&
      put_aside_(letter, [] {}).ok()) {
    watch.written = letter.attempts;
  }
}

}  // namespace gannet::bus
