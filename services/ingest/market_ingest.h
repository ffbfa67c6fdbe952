// One venue's engine on a shard: its input ports, its once-a-second timer, its
// events on the topics. No network: replay uses it as it is, live sessions
// (venue_session.h) set wishes.
//
// Ports: "ingest/<venue>/stream" takes wire::StreamEvent, "ingest/<venue>/http"
// wire::HttpExchange. Bytes that do not decode are counted, not acted on. A new
// definition is also a fact ("definition" of engine "ingest/<venue>"), so that its
// version outlives a crash; so is a pause that the venue asks for ("pause").
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "libs/runtime/shard.h"
#include "services/ingest/capture.h"
#include "services/ingest/ingest_engine.h"
#include "services/ingest/market_output.h"

namespace gannet::ingest {

inline constexpr base::Duration kMarketTimer = std::chrono::seconds(1);

class MarketIngest : private MarketOutput {
 public:
  // What the engine wants done outside. Called after the turn that wanted it; empty
  // ones are dropped (recordings).
  struct Wishes {
    std::function<void(const std::string& symbol)> snapshot;
    std::function<void(const std::string& connection, const std::string& why)> reconnect;
    std::function<void(const std::string& connection, bool ok, const std::string& message)>
        subscription_answered;
  };

  // `shard` must outlive it, and it must outlive the shard's last turn.
  MarketIngest(runtime::Shard& shard, VenueOptions options);
  MarketIngest(const MarketIngest&) = delete;
  MarketIngest& operator=(const MarketIngest&) = delete;

  void set_wishes(Wishes wishes) { wishes_ = std::move(wishes); }
  // One turn each.
  void Deliver(const wire::StreamEvent& event, base::Time receive_time);
  void Deliver(const wire::HttpExchange& exchange, base::Time receive_time);

  IngestEngine& engine() { return engine_; }
  const IngestEngine& engine() const { return engine_; }
  uint64_t undecodable_inputs() const { return undecodable_inputs_; }

 private:
  void Publish(market::Instrument value, const market::Header& header) override;
  void Publish(market::Trade value, const market::Header& header) override;
  void Publish(market::Quote value, const market::Header& header) override;
  void Publish(market::BookUpdate value, const market::Header& header) override;
  void Publish(market::Bar value, const market::Header& header) override;
  void Publish(market::MarketStatus value, const market::Header& header) override;
  void WantSnapshot(const std::string& symbol) override;
  void WantReconnect(const std::string& connection, std::string_view why) override;
  void SubscriptionAnswered(const std::string& connection,
                            const venue::RequestResult& answer) override;

  void OnNote(const wire::EngineNote& note);
  void OnStreamBytes(std::string_view bytes, const market::Header& cause);
  void OnHttpBytes(std::string_view bytes, const market::Header& cause);
  // From the first input on, so that a shard without a venue has no timers.
  void ArmTimer();

  runtime::Shard& shard_;
  IngestEngine engine_;
  const std::string name_;  // "ingest/<venue>"
  runtime::FactStream<wire::EngineNote> notes_;
  Wishes wishes_;
  runtime::InputPort stream_port_, http_port_;
  bool timer_armed_ = false;
  uint64_t undecodable_inputs_ = 0;
};

// Hands a line of a recording to the venue it belongs to, found by name.
// NOT_FOUND: no such venue here.
absl::Status Deliver(const std::vector<MarketIngest*>& venues, const CaptureLine& line);

}  // namespace gannet::ingest
