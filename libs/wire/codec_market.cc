#include "gannet/market/v1/instrument.pb.h"
#include "gannet/market/v1/market_data.pb.h"
#include "libs/wire/conversion.h"

namespace gannet::wire {
namespace {

namespace pb = ::gannet::market::v1;
using google::protobuf::RepeatedPtrField;
using market::BookFault;
using market::BookState;
using market::FeedState;
using market::InstrumentKind;
using market::InstrumentStatus;

constexpr EnumTable<InstrumentKind, pb::InstrumentKind, 3> kInstrumentKinds({
    {InstrumentKind::kSpot, pb::INSTRUMENT_KIND_SPOT},
    {InstrumentKind::kPerpetual, pb::INSTRUMENT_KIND_PERPETUAL},
    {InstrumentKind::kFuture, pb::INSTRUMENT_KIND_FUTURE},
});
constexpr EnumTable<InstrumentStatus, pb::InstrumentStatus, 4> kInstrumentStatuses({
    {InstrumentStatus::kTrading, pb::INSTRUMENT_STATUS_TRADING},
    {InstrumentStatus::kHalted, pb::INSTRUMENT_STATUS_HALTED},
    {InstrumentStatus::kCancelOnly, pb::INSTRUMENT_STATUS_CANCEL_ONLY},
    {InstrumentStatus::kDelisted, pb::INSTRUMENT_STATUS_DELISTED},
});
constexpr EnumTable<BookState, pb::BookState, 2> kBookStates({
    {BookState::kValid, pb::BOOK_STATE_VALID},
    {BookState::kInvalid, pb::BOOK_STATE_INVALID},
});
constexpr EnumTable<BookFault, pb::BookFault, 7> kBookFaults({
    {BookFault::kNone, pb::BOOK_FAULT_NONE},
    {BookFault::kNoSnapshot, pb::BOOK_FAULT_NO_SNAPSHOT},
    {BookFault::kGap, pb::BOOK_FAULT_GAP},
    {BookFault::kCrossed, pb::BOOK_FAULT_CROSSED},
    {BookFault::kStale, pb::BOOK_FAULT_STALE},
    {BookFault::kDisconnected, pb::BOOK_FAULT_DISCONNECTED},
    {BookFault::kBadData, pb::BOOK_FAULT_BAD_DATA},
});
constexpr EnumTable<FeedState, pb::FeedState, 3> kFeedStates({
    {FeedState::kConnected, pb::FEED_STATE_CONNECTED},
    {FeedState::kDisconnected, pb::FEED_STATE_DISCONNECTED},
    {FeedState::kStale, pb::FEED_STATE_STALE},
});

void SetLevel(const market::Level& level, pb::Level& message) {
  message.set_price(level.price.mantissa);
  message.set_quantity(level.quantity.mantissa);
}

market::Level LevelFrom(const pb::Level& message) {
  return {.price = {message.price()}, .quantity = {message.quantity()}};
}

void SetLevels(const std::vector<market::Level>& levels, RepeatedPtrField<pb::Level>& messages) {
  messages.Reserve(static_cast<int>(levels.size()));
  for (const market::Level& level : levels) SetLevel(level, *messages.Add());
}

std::vector<market::Level> LevelsFrom(const RepeatedPtrField<pb::Level>& messages) {
  std::vector<market::Level> levels;
  levels.reserve(static_cast<size_t>(messages.size()));
  for (const pb::Level& message : messages) levels.push_back(LevelFrom(message));
  return levels;
}

// The two fields that every market data message starts with.
template <class T, class Message>
void SetInstrument(const T& value, Message& message) {
  SetText(value.instrument, message.mutable_instrument());
  message.set_instrument_version(value.instrument_version);
}

template <class Message, class T>
void ReadInstrument(const Message& message, T& value, Problem& problem) {
  value.instrument =
      problem.RequiredText<market::InstrumentId>(message.instrument(), "value.instrument");
  value.instrument_version = message.instrument_version();
}

}  // namespace

template <>
struct Convert<market::Instrument> {
  using Envelope = pb::InstrumentEvent;

  static void To(const market::Instrument& value, pb::Instrument& message) {
    SetText(value.id, message.mutable_id());
    message.set_version(value.version);
    message.set_kind(kInstrumentKinds.ToProto(value.kind));
    message.set_status(kInstrumentStatuses.ToProto(value.status));
    SetText(value.base, message.mutable_base_asset());
    SetText(value.quote, message.mutable_quote_asset());
    SetText(value.settle, message.mutable_settle_asset());
    message.set_price_scale(static_cast<uint32_t>(value.price_scale));
    message.set_quantity_scale(static_cast<uint32_t>(value.quantity_scale));
    message.set_base_scale(static_cast<uint32_t>(value.base_scale));
    message.set_quote_scale(static_cast<uint32_t>(value.quote_scale));
    message.set_tick(value.tick.mantissa);
    message.set_lot(value.lot.mantissa);
    message.set_min_quantity(value.min_quantity.mantissa);
    message.set_max_quantity(value.max_quantity.mantissa);
    SetMoney(value.min_notional, *message.mutable_min_notional());
    message.set_price_band_up_ppm(value.price_band_up_ppm);
    message.set_price_band_down_ppm(value.price_band_down_ppm);
    message.set_multiplier(value.multiplier);
  }

  static market::Instrument From(const pb::Instrument& message, Problem& problem) {
    market::Instrument value;
    value.id = problem.RequiredText<market::InstrumentId>(message.id(), "value.id");
    value.version = message.version();
    value.kind = problem.Enum(kInstrumentKinds, message.kind(), "value.kind");
    value.status = problem.Enum(kInstrumentStatuses, message.status(), "value.status");
    value.base = market::AssetId(message.base_asset());
    value.quote = market::AssetId(message.quote_asset());
    value.settle = market::AssetId(message.settle_asset());
    value.price_scale = problem.Scale(message.price_scale(), "value.price_scale");
    value.quantity_scale = problem.Scale(message.quantity_scale(), "value.quantity_scale");
    value.base_scale = problem.Scale(message.base_scale(), "value.base_scale");
    value.quote_scale = problem.Scale(message.quote_scale(), "value.quote_scale");
    value.tick.mantissa = message.tick();
    value.lot.mantissa = message.lot();
    value.min_quantity.mantissa = message.min_quantity();
    value.max_quantity.mantissa = message.max_quantity();
    value.min_notional =
        problem.Money(message.has_min_notional(), message.min_notional(), "value.min_notional");
    value.price_band_up_ppm = message.price_band_up_ppm();
    value.price_band_down_ppm = message.price_band_down_ppm();
    value.multiplier = message.multiplier();
    return value;
  }
};

template <>
struct Convert<market::Trade> {
  using Envelope = pb::TradeEvent;

  static void To(const market::Trade& value, pb::Trade& message) {
    SetInstrument(value, message);
    message.set_trade_id(value.trade_id);
    message.set_price(value.price.mantissa);
    message.set_quantity(value.quantity.mantissa);
    message.set_aggressor(kSides.ToProto(value.aggressor));
  }

  static market::Trade From(const pb::Trade& message, Problem& problem) {
    market::Trade value;
    ReadInstrument(message, value, problem);
    value.trade_id = message.trade_id();
    value.price.mantissa = message.price();
    value.quantity.mantissa = message.quantity();
    value.aggressor = problem.Enum(kSides, message.aggressor(), "value.aggressor");
    return value;
  }
};

template <>
struct Convert<market::Quote> {
  using Envelope = pb::QuoteEvent;

  static void To(const market::Quote& value, pb::Quote& message) {
    SetInstrument(value, message);
    if (value.bid != market::Level{}) SetLevel(value.bid, *message.mutable_bid());
    if (value.ask != market::Level{}) SetLevel(value.ask, *message.mutable_ask());
    message.set_update_id(value.update_id);
  }

  static market::Quote From(const pb::Quote& message, Problem& problem) {
    market::Quote value;
    ReadInstrument(message, value, problem);
    value.bid = LevelFrom(message.bid());
    value.ask = LevelFrom(message.ask());
    value.update_id = message.update_id();
    return value;
  }
};

template <>
struct Convert<market::BookUpdate> {
  using Envelope = pb::BookUpdateEvent;

  static void To(const market::BookUpdate& value, pb::BookUpdate& message) {
    SetInstrument(value, message);
    message.set_state(kBookStates.ToProto(value.state));
    message.set_fault(kBookFaults.ToProto(value.fault));
    message.set_snapshot(value.snapshot);
    message.set_first_update_id(value.first_update_id);
    message.set_last_update_id(value.last_update_id);
    SetLevels(value.bids, *message.mutable_bids());
    SetLevels(value.asks, *message.mutable_asks());
  }

  static market::BookUpdate From(const pb::BookUpdate& message, Problem& problem) {
    market::BookUpdate value;
    ReadInstrument(message, value, problem);
    value.state = problem.Enum(kBookStates, message.state(), "value.state");
    value.fault = problem.Enum(kBookFaults, message.fault(), "value.fault");
    value.snapshot = message.snapshot();
    value.first_update_id = message.first_update_id();
    value.last_update_id = message.last_update_id();
    value.bids = LevelsFrom(message.bids());
    value.asks = LevelsFrom(message.asks());
    return value;
  }
};

template <>
struct Convert<market::Bar> {
  using Envelope = pb::BarEvent;

  static void To(const market::Bar& value, pb::Bar& message) {
    SetInstrument(value, message);
    message.set_open_time_ns(base::UnixNanos(value.open_time));
    message.set_interval_ns(value.interval.count());
    message.set_open(value.open.mantissa);
    message.set_high(value.high.mantissa);
    message.set_low(value.low.mantissa);
    message.set_close(value.close.mantissa);
    message.set_volume(value.volume.mantissa);
    message.set_trades(value.trades);
    message.set_closed(value.closed);
  }

  static market::Bar From(const pb::Bar& message, Problem& problem) {
    market::Bar value;
    ReadInstrument(message, value, problem);
    value.open_time = base::FromUnixNanos(message.open_time_ns());
    value.interval = base::Duration(message.interval_ns());
    value.open.mantissa = message.open();
    value.high.mantissa = message.high();
    value.low.mantissa = message.low();
    value.close.mantissa = message.close();
    value.volume.mantissa = message.volume();
    value.trades = message.trades();
    value.closed = message.closed();
    return value;
  }
};

template <>
struct Convert<market::MarketStatus> {
  using Envelope = pb::MarketStatusEvent;

  static void To(const market::MarketStatus& value, pb::MarketStatus& message) {
    SetText(value.feed, message.mutable_feed());
    SetText(value.instrument, message.mutable_instrument());
    message.set_feed_state(kFeedStates.ToProto(value.feed_state));
    message.set_book_state(kBookStates.ToProto(value.book_state));
    message.set_fault(kBookFaults.ToProto(value.fault));
    SetText(value.detail, message.mutable_detail());
  }

  static market::MarketStatus From(const pb::MarketStatus& message, Problem& problem) {
    market::MarketStatus value;
    value.feed = message.feed();
    value.instrument = market::InstrumentId(message.instrument());
    value.feed_state = problem.Enum(kFeedStates, message.feed_state(), "value.feed_state");
    value.book_state = problem.Enum(kBookStates, message.book_state(), "value.book_state");
    value.fault = problem.Enum(kBookFaults, message.fault(), "value.fault");
    value.detail = message.detail();
    return value;
  }
};

GANNET_WIRE_INSTANTIATE(market::Instrument);
GANNET_WIRE_INSTANTIATE(market::Trade);
GANNET_WIRE_INSTANTIATE(market::Quote);
GANNET_WIRE_INSTANTIATE(market::BookUpdate);
GANNET_WIRE_INSTANTIATE(market::Bar);
GANNET_WIRE_INSTANTIATE(market::MarketStatus);

}  // namespace gannet::wire
