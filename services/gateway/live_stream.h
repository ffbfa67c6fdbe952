// The picture as it changes, for many viewers at once: keyed rows of tables, sent
// whole to who comes, then as numbered frames of what changed, at most ten a
// second. A viewer that lost its connection comes back with the number it has and
// gets the frames after it, or the whole again when they are no longer kept.
//
// Rows are made once a frame, however many watch, and none while nobody does who could
// still resume. A viewer that does not read is cut off: it comes back and resumes. What the chart
// of one instrument shows goes only to who looks at it, outside the numbering: each message of it
// stands alone.
//
// Pure but for the sockets it is handed; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "libs/base/time.h"
#include "libs/market/header.h"
#include "libs/net/network.h"
#include "services/gateway/chart_data.h"
#include "services/gateway/sessions.h"
#include "services/gateway/view.h"

namespace gannet::gateway {

class LiveStream {
 public:
  static constexpr base::Duration kPeriod = std::chrono::milliseconds(100);
  static constexpr base::Duration kHeartbeat = std::chrono::milliseconds(900);
  // Positions whose market alone moved are sent at most so often.
  static constexpr base::Duration kRevalued = std::chrono::seconds(1);
  static constexpr size_t kMaxViewers = 256;
  static constexpr size_t kKeptFrames = 1'200, kKeptFrameBytes = 16u << 20;
  // So long after the last viewer has gone frames are made for it.
  static constexpr base::Duration kMadeForNobody = kPeriod * kKeptFrames;
  static constexpr size_t kMaxMessageBytes = 1'024;  // from a viewer
  static constexpr size_t kDepth = 20;               // levels a side

  // `epoch` names this start: numbers of another mean nothing. `platform` tells
  // health as JSON text.
  LiveStream(const View& view, const ChartData& charts, std::string epoch,
             std::function<std::string()> platform);

  // What changed; cheap, before the next Tick.
  void Touch(const market::Event<market::Instrument>& e) { Moved(e.value.id); }
  void Touch(const market::Event<market::Quote>& e) { Moved(e.value.instrument); }
  void Touch(const market::Event<market::Trade>& e);
  void Touch(const market::Event<market::BookUpdate>& e);
  void Touch(const market::Event<market::MarketStatus>& e);
  void Touch(const market::Event<market::NewsSignal>& e) { MarkId("signals", e.header.id); }
  void Touch(const market::Event<market::Prediction>& e);
  void Touch(const market::Event<market::OrderIntent>& e);
  void Touch(const market::Event<market::RiskDecision>& e);
  void Touch(const market::Event<market::ExecReport>& e);
  void Touch(const market::Event<market::PositionUpdate>& e);
  void Touch(const market::Event<market::BalanceUpdate>& e);
  void Touch(const market::Event<market::RiskState>& e);
  void Touch(const market::Event<market::LimitEvent>& e);

  // Rows that others hold; `each` gives what a viewer begins with. Before any viewer.
  struct Extra {
    std::function<std::string(const std::string& key)> row;
    std::function<void(const std::function<void(const std::string& key, const std::string& row)>&)>
        each;
  };
  void AddTable(const char* name, Extra extra) { extras_[name] = std::move(extra); }
  void TouchRow(const char* table, std::string key) { Mark(table, std::move(key)); }

  using ViewerId = uint64_t;
  // `after` is the number of the last frame the viewer has of `epoch`.
  // RESOURCE_EXHAUSTED is told by nullopt: too many viewers.
  std::optional<ViewerId> Join(std::shared_ptr<net::WebSocket> socket, Watcher watcher);
  void Open(ViewerId id, std::string_view epoch, std::optional<uint64_t> after, base::Time now);
  void Message(ViewerId id, std::string_view text, base::Time now);
  void Leave(ViewerId id) { viewers_.erase(id); }
  void Close(ViewerId id);
  void CloseAll();
  // `visit(id, watcher)` of each.
  template <class Visit>
  void ForEachViewer(const Visit& visit) const {
    for (const auto& [id, viewer] : viewers_) visit(id, viewer.watcher);
  }

  // Each kPeriod.
  void Tick(base::Time now);

  // Everything as one message: what REST answers at /api/v1/snapshot too.
  std::string Snapshot(base::Time now) const;
  uint64_t sequence() const { return sequence_; }
  const std::string& epoch() const { return epoch_; }
  struct Stats {
    uint64_t frames = 0, snapshots = 0, resumed = 0, cut_off = 0, refused = 0;
  };
  const Stats& stats() const { return stats_; }
  size_t viewers() const { return viewers_.size(); }

 private:
  struct Viewer {
    std::shared_ptr<net::WebSocket> socket;
    Watcher watcher;
    bool open = false;
    std::string focus;
    uint64_t focus_trades = 0;  // trades of the focus that it has
    bool focus_fresh = false;   // has nothing of the focus yet
  };
  void Mark(const char* table, std::string key) { dirty_[table].insert(std::move(key)); }
  void Moved(const market::InstrumentId& id);
  void MarkId(const char* table, const market::EventId& id);
  // JSON of one row; "null": it is gone.
  std::string Row(const std::string& table, const std::string& key, base::Time now) const;
  void ForEachRow(base::Time now,
                  const std::function<void(const char* table, const std::string& key,
                                           const std::string& row)>& visit) const;
  bool Send(Viewer& viewer, const std::string& text);
  void SendFocus(Viewer& viewer, base::Time now);
  void SendAll(const std::string& text);
  void Revalue(base::Time now);
  void Forget();

  const View& view_;
  const ChartData& charts_;
  const std::string epoch_;
  const std::function<std::string()> platform_;
  std::map<std::string, Extra> extras_;
  std::map<std::string, std::set<std::string>> dirty_;
  // Beside dirty_: a position's row is found by its parts, not by its text.
  std::map<std::string, View::PositionKey> dirty_positions_;
  std::set<market::InstrumentId> moved_;  // since their positions were valued
  base::Time revalued_{};
  std::set<std::string> dirty_charts_;
  std::string last_platform_;
  std::string last_totals_;
  uint64_t sequence_ = 0;
  base::Time last_sent_{}, watched_{};
  std::deque<std::pair<uint64_t, std::string>> frames_;  // newest last
  size_t frame_bytes_ = 0;
  std::map<ViewerId, Viewer> viewers_;
  ViewerId next_viewer_ = 0;
  Stats stats_;
};

}  // namespace gannet::gateway
