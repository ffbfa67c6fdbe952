// Domain events to protobuf bytes and back (proto/gannet/*/v1). Used only where
// bytes are needed: Kafka, the journal, files, wire mode. Generated headers stay
// inside codec_*.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/instrument.h"
#include "libs/market/limits.h"
#include "libs/market/market_data.h"
#include "libs/market/news.h"
#include "libs/market/order.h"
#include "libs/market/parent.h"
#include "libs/market/prediction.h"

namespace gannet::wire {

// Longer messages are refused by every Decode: twice the largest frame that an
// edge takes in (libs/net/network.h).
inline constexpr size_t kMaxMessageBytes = 32u << 20;

// Defined for: Instrument, Trade, Quote, BookUpdate, Bar, MarketStatus, NewsItem,
// NewsSignal, Prediction, OrderIntent, ParentOrder, RiskDecision, ExecReport, PositionUpdate,
// BalanceUpdate, RiskState, LimitEvent, Command, CommandAnswer, Heartbeat, EngineNote.
//
// Every value with valid enumerators and scales decodes again: a recorded fact must
// never stop a recovery. So the text fields of facts may be empty; only market data
// and news items, which come from edges, must name what they are about. An
// enumerator or a scale that does not exist is a bug and ends the process here.
//
// Text that is not UTF-8 is written with U+FFFD in place of each bad byte; bodies
// of inputs and notes are bytes and pass as they are.
template <class T>
std::string Encode(const market::Event<T>& event);

// INVALID_ARGUMENT naming the field: unparsable bytes, an enum value this build
// does not know, a missing or malformed required field. Unknown fields pass.
template <class T>
absl::StatusOr<market::Event<T>> Decode(std::string_view bytes);

// A fact of one engine that no other service reads: kept for recovery and
// verification (topic ops.journals). `body` is that engine's canonical bytes.
struct EngineNote {
  std::string engine;
  std::string kind;
  std::string body;
  bool operator==(const EngineNote&) const = default;
};

// Inputs as the journal keeps them: what an edge hands to a shard.
struct HttpExchange {  // the end of one HTTP request
  uint64_t request_id = 0;
  std::string transport_error;  // empty: a response was read in full
  int32_t status = 0;
  std::vector<std::pair<std::string, std::string>>
      headers;  // names in lower case; only those the edge needs
  std::string body;
  bool operator==(const HttpExchange&) const = default;
};
struct StreamEvent {  // one step of one WebSocket or feed connection
  enum class Kind : uint8_t { kOpened = 1, kClosed = 2, kFrame = 3 };
  std::string connection;
  Kind kind = Kind::kFrame;
  std::string body;  // kFrame: the message; kClosed: why
  bool operator==(const StreamEvent&) const = default;
};
std::string EncodeInput(const HttpExchange& input);
std::string EncodeInput(const StreamEvent& input);
absl::StatusOr<HttpExchange> DecodeHttpExchange(std::string_view bytes);
absl::StatusOr<StreamEvent> DecodeStreamEvent(std::string_view bytes);

}  // namespace gannet::wire
