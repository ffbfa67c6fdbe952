// The market half of ingest for one venue: recorded or live messages in, values for
// the market.* and ref.instruments topics out. Pure: time comes with each input, and
// what must be done outside (fetch a snapshot, connect anew) is a wish to MarketOutput.
//
// One engine a venue, on the shard's thread. It decodes, finds the instrument,
// keeps its book by the venue's rule (book_builder.h) and decides when a book is no
// longer to be relied on:
//   gap, crossed, unreadable diff        at once (instrument_feed.h)
//   no open connection carries its diffs at once
//   its connection silent too long, a bookTicker that the diffs do not reach, no diff
//   for too long                         at OnTimer, which the service calls once a second
//
// Everything it refuses is counted (VenueCounters, FeedCounters).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/market/header.h"
#include "libs/wire/canonical.h"
#include "libs/wire/codec.h"
#include "services/ingest/instrument_feed.h"
#include "services/ingest/market_output.h"
#include "services/ingest/market_product.h"

namespace gannet::ingest {

inline constexpr size_t kMaxInstruments = 5'000;
inline constexpr size_t kMaxConnections = 64;

struct VenueOptions {
  std::string venue = "binance-spot";  // first part of the instrument ids
  MarketProduct product = venue::binance::Product::kSpot;
  // Symbols as the venue writes them. Empty: every symbol that a message names
  // (recordings).
  std::vector<std::string> symbols;
  // Read symbols that the venue has not defined (definitions.h); recordings only.
  bool infer_definitions = false;
  base::Duration connection_silence = std::chrono::seconds(30);
  base::Duration book_behind = std::chrono::seconds(5);  // of a bookTicker
  base::Duration book_silence{0};                        // 0: a quiet market is no fault
  base::Duration book_refresh{0};  // VALID books are published whole this often; 0: never
  base::Duration first_snapshot_after =
      std::chrono::seconds(2);  // of connecting, for books without diffs
  base::Duration snapshot_timeout = std::chrono::seconds(15);
  base::Duration snapshot_retry_first = std::chrono::seconds(1);
  base::Duration snapshot_retry_limit = std::chrono::seconds(60);
  QualityRules quality;
};

struct VenueCounters {
  uint64_t frames = 0, answers = 0, opened = 0, closed = 0;
  uint64_t undecodable = 0;
  std::string last_undecodable;
  uint64_t unread = 0;            // well-formed, of kinds that we do not read
  uint64_t other_connection = 0;  // diffs of a connection that the book does not come over
  uint64_t unknown_symbol = 0;    // not asked for, or over kMaxInstruments
  uint64_t undefined_symbol = 0;  // before its definition came
  uint64_t refused_subscriptions = 0;
  uint64_t shutdown_notices = 0;
  uint64_t snapshot_requests = 0, snapshot_failures = 0;
  uint64_t unknown_answers = 0;  // HTTP answers to nothing we ask
  uint64_t definitions = 0, definitions_rejected = 0;
};

class IngestEngine {
 public:
  IngestEngine(VenueOptions options, MarketOutput& output);

  void OnStream(const wire::StreamEvent& event, const market::Header& cause);
  // The pseudo-header ":path" says what was asked for.
  void OnHttp(const wire::HttpExchange& exchange, const market::Header& cause);
  void OnTimer(const market::Header& cause);
  // The input has ended: waiting comparisons are made.
  void Finish();

  const VenueOptions& options() const { return options_; }
  const VenueCounters& counters() const { return counters_; }
  // By symbol.
  const std::map<std::string, std::unique_ptr<InstrumentFeed>, std::less<>>& feeds() const {
    return feeds_;
  }
  // Symbols asked for that the venue does not list, or whose rules cannot be held.
  const std::set<std::string>& missing_symbols() const { return missing_; }
  bool connected() const;
  // The venue asked for no requests before then (429, 418; Bybit's 403).
  base::Time requests_held_until() const { return requests_held_until_; }
  // REQUEST_WEIGHT a minute by the newest definitions; 0: not known.
  uint64_t request_weight_limit() const { return weight_limit_; }
  // The page of definitions after the one that came last; empty: that was the last one.
  const std::string& next_definitions() const { return next_definitions_; }
  // The last answer with definitions was read, to the end of its pages.
  bool definitions_whole() const { return definitions_whole_; }
  const venue::MarketProtocol& protocol() const { return *protocol_; }

  // A definition that was recorded as a fact: versions go on counting from it over a
  // restart.
  void Apply(const market::Instrument& definition);
  // A pause that was: it goes on. All that is remembered; books begin with a fresh snapshot
  // of the venue.
  void HoldRequests(base::Time until);
  const market::Instrument* Recorded(std::string_view symbol) const;  // null: never
  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);

 private:
  struct Connection {
    base::Time opened{}, last_frame{};
    bool silent = false;  // said so already
  };
  struct Request {
    bool outstanding = false;
    base::Time at{}, not_before{};
    uint64_t failures = 0;
  };

  void OnFrame(const std::string& connection, std::string_view body, const market::Header& cause);
  void OnOpened(const std::string& connection, const market::Header& cause);
  void OnClosed(const std::string& connection, std::string_view why, const market::Header& cause);
  void OnDepth(const std::string& connection, const venue::DepthDiff& diff,
               const market::Header& cause);
  void OnDepthAnswer(const std::string& path, const wire::HttpExchange& exchange,
                     const market::Header& cause);
  void OnDefinitions(const wire::HttpExchange& exchange, const market::Header& cause);
  void Define(market::Instrument definition, const market::Header& cause);
  InstrumentFeed* FeedOf(std::string_view symbol, const market::Header& cause);
  InstrumentFeed& AddFeed(const std::string& symbol, market::Instrument definition, bool inferred,
                          const market::Header& cause);
  bool Wanted(std::string_view symbol) const;
  void RequestIfNeeded(const std::string& symbol, const InstrumentFeed& feed);
  void SnapshotFailed(const std::string& symbol);
  void CheckConnections(const market::Header& cause);
  void CheckBooks(const market::Header& cause);
  void GiveFeedStatus(market::FeedState state, std::string detail, const market::Header& cause);
  void Undecodable(const absl::Status& status);
  void Advance(const market::Header& cause);

  const VenueOptions options_;
  const std::set<std::string, std::less<>> wanted_;
  MarketOutput& output_;
  const std::unique_ptr<venue::MarketProtocol> protocol_;
  base::Time now_{}, refreshed_{};
  std::map<std::string, std::unique_ptr<InstrumentFeed>, std::less<>> feeds_;
  std::map<std::string, market::Instrument, std::less<>> defined_;   // not yet in use
  std::map<std::string, market::Instrument, std::less<>> recorded_;  // changed by Apply
  std::set<std::string> missing_;
  std::map<std::string, Connection, std::less<>> connections_;  // open ones
  base::Time last_opened_{};
  std::map<std::string, Request, std::less<>> requests_;
  base::Time requests_held_until_{};
  uint64_t weight_limit_ = 0;
  std::string next_definitions_;
  bool definitions_whole_ = false;
  VenueCounters counters_;
};

}  // namespace gannet::ingest
