// The edges of the recorder: a tap on the bus, a journal, a disk that may be full.
//
// Messages are appended as they come, made durable together (group commit), and only
// then may the tap bring more than its bound. When the journal cannot go on (the disk is
// full, or has less than `min_free`), the tap is let go: the bus keeps what comes
// meanwhile, health is DEGRADED and says why, and the recorder opens its journal again
// as soon as there is room. What was not durable is read again.
//
// On the executor's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/bus/tap.h"
#include "libs/journal/journal.h"
#include "libs/runtime/service.h"
#include "services/recorder/config.h"
#include "services/recorder/recorder_engine.h"

namespace gannet::recorder {

// A tap on the bus that is to be recorded.
using MakeTap = std::function<std::unique_ptr<bus::Tap>(std::vector<bus::TapPlace> places,
                                                        bus::Tap::OnBatch on_batch)>;

class RecorderService : public runtime::Service {
 public:
  // `dir`: the folder of the recording. `info` is stated in each segment. `own_thread`:
  // as in journal::WriterOptions.
  RecorderService(const RecorderConfig& config, runtime::Deps& deps, std::string dir,
                  journal::SegmentInfo info, MakeTap make_tap, bool own_thread = true);
  ~RecorderService() override;
  RecorderService(const RecorderService&) = delete;
  RecorderService& operator=(const RecorderService&) = delete;

  std::string_view name() const override { return "recorder"; }
  // Fails on what time does not mend: damage, a newer build, a folder that is in use.
  absl::Status Start() override;
  void Drain(std::function<void()> done) override;
  runtime::Health health() const override;

  struct Stats {
    RecorderEngine::Stats engine;  // since this start
    uint64_t stops = 0;            // the journal could not go on
    uint64_t pruned = 0;           // segments
    uint64_t durable_messages = 0;
  };
  Stats stats() const;

 private:
  absl::Status Open();
  absl::Status Recover();
  void TryOpen();
  void OnBatch(bus::TapBatch batch);
  void Append(const RecorderEngine::Entries& entries);
  void Stop(absl::Status why);
  void CheckDisk();
  void Keep();
  void Repeat();
  void TellStats();

  const RecorderConfig config_;
  runtime::Deps& deps_;
  const std::string dir_;
  const journal::SegmentInfo info_;
  const MakeTap make_tap_;
  const bool own_thread_;

  RecorderEngine engine_;
  std::unique_ptr<journal::Writer> writer_;  // null: not recording
  std::unique_ptr<bus::Tap> tap_;            // null: the same
  absl::Status stopped_;                     // why
  bool for_good_ = false;                    // not opened again
  bool ended_ = false;
  base::Duration retry_pause_;
  base::Time repeated_{};
  uint64_t bytes_since_repeat_ = 0, snapshot_at_ = 0;
  Stats stats_;
  // Held weakly by tasks and callbacks that may outlive this, or the writer.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::recorder
