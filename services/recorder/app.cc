#include "services/recorder/app.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/digest.h"
#include "libs/bus/kafka_tap.h"
#include "libs/bus/topics.h"

namespace gannet::recorder {
namespace {

constexpr size_t kRandomBytes = 8;

std::vector<bus::TapTopic> WholeTable() {
  std::vector<bus::TapTopic> topics;
  for (const bus::TopicInfo* topic : bus::AllTopics())
    topics.push_back({std::string(topic->name), topic->partitions});
  return topics;
}

}  // namespace

MakeTap KafkaTapOf(runtime::Deps& deps, bus::KafkaCluster cluster, std::string prefix) {
  bus::KafkaTapOptions options{.cluster = std::move(cluster), .prefix = std::move(prefix)};
  options.client_id = absl::StrCat("gannet-recorder-", base::Hex(base::RandomBytes(kRandomBytes)));
  options.notice = [&deps](const bus::KafkaNotice& notice) {
    deps.executor.Post([&deps, notice] {
      deps.log.Warning(notice.event, {{"client", notice.client}, {"detail", notice.text}});
    });
  };
  return [&deps, options = std::move(options)](std::vector<bus::TapPlace> places,
                                               bus::Tap::OnBatch on_batch) {
    return bus::MakeKafkaTap(deps.executor, deps.clock, options, WholeTable(), std::move(places),
                             std::move(on_batch));
  };
}

std::unique_ptr<RecorderService> BuildRecorder(const RecorderConfig& config, runtime::Deps& deps,
                                               journal::SegmentInfo info, MakeTap make_tap) {
  return std::make_unique<RecorderService>(config, deps, deps.data_dir + "/journal",
                                           std::move(info), std::move(make_tap));
}

}  // namespace gannet::recorder
