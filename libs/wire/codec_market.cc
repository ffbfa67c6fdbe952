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

void WriteLevel(int field, const market::Level& level, MessageWriter& out) {
  out.Message(field, [&](MessageWriter& part) {
    part.Zigzag(pb::Level::kPriceFieldNumber, level.price.mantissa);
    part.Zigzag(pb::Level::kQuantityFieldNumber, level.quantity.mantissa);
  });
}

market::Level LevelFrom(const pb::Level& message) {
  return {.price = {message.price()}, .quantity = {message.quantity()}};
}

std::vector<market::Level> LevelsFrom(const RepeatedPtrField<pb::Level>& messages) {
  std::vector<market::Level> levels;
  levels.reserve(static_cast<size_t>(messages.size()));
  for (const pb::Level& message : messages) levels.push_back(LevelFrom(message));
  return levels;
}

// The two fields that every market data message starts with.
template <class Proto, class T>
void WriteInstrument(const T& value, MessageWriter& out) {
  out.Text(Proto::kInstrumentFieldNumber, value.instrument);
  out.Unsigned(Proto::kInstrumentVersionFieldNumber, value.instrument_version);
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

  using Proto = pb::Instrument;

  static void Write(const market::Instrument& value, MessageWriter& out) {
    out.Text(Proto::kIdFieldNumber, value.id);
    out.Unsigned(Proto::kVersionFieldNumber, value.version);
    out.Enum(Proto::kKindFieldNumber, kInstrumentKinds.ToProto(value.kind));
    out.Enum(Proto::kStatusFieldNumber, kInstrumentStatuses.ToProto(value.status));
    out.Text(Proto::kBaseAssetFieldNumber, value.base);
    out.Text(Proto::kQuoteAssetFieldNumber, value.quote);
    out.Text(Proto::kSettleAssetFieldNumber, value.settle);
    out.Unsigned(Proto::kPriceScaleFieldNumber, static_cast<uint32_t>(value.price_scale));
    out.Unsigned(Proto::kQuantityScaleFieldNumber, static_cast<uint32_t>(value.quantity_scale));
    out.Unsigned(Proto::kBaseScaleFieldNumber, static_cast<uint32_t>(value.base_scale));
    out.Unsigned(Proto::kQuoteScaleFieldNumber, static_cast<uint32_t>(value.quote_scale));
    out.Zigzag(Proto::kTickFieldNumber, value.tick.mantissa);
    out.Zigzag(Proto::kLotFieldNumber, value.lot.mantissa);
    out.Zigzag(Proto::kMinQuantityFieldNumber, value.min_quantity.mantissa);
    out.Zigzag(Proto::kMaxQuantityFieldNumber, value.max_quantity.mantissa);
    out.Money(Proto::kMinNotionalFieldNumber, value.min_notional);
    out.Signed(Proto::kPriceBandUpPpmFieldNumber, value.buy_band.up_ppm);
    out.Signed(Proto::kPriceBandDownPpmFieldNumber, value.buy_band.down_ppm);
    out.Signed(Proto::kMultiplierFieldNumber, value.multiplier);
    if (value.max_notional.units() != 0)
      out.Money(Proto::kMaxNotionalFieldNumber, value.max_notional);
    out.Zigzag(Proto::kMarketLotFieldNumber, value.market_lot.mantissa);
    out.Zigzag(Proto::kMinMarketQuantityFieldNumber, value.min_market_quantity.mantissa);
    out.Zigzag(Proto::kMaxMarketQuantityFieldNumber, value.max_market_quantity.mantissa);
    out.Bool(Proto::kMinNotionalLimitOnlyFieldNumber, value.min_notional_limit_only);
    out.Bool(Proto::kMaxNotionalLimitOnlyFieldNumber, value.max_notional_limit_only);
    out.Signed(Proto::kSellPriceBandUpPpmFieldNumber, value.sell_band.up_ppm);
    out.Signed(Proto::kSellPriceBandDownPpmFieldNumber, value.sell_band.down_ppm);
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
    value.buy_band = {message.price_band_up_ppm(), message.price_band_down_ppm()};
    value.sell_band = {message.sell_price_band_up_ppm(), message.sell_price_band_down_ppm()};
    value.multiplier = message.multiplier();
    if (message.has_max_notional())
      value.max_notional = problem.Money(true, message.max_notional(), "value.max_notional");
    value.market_lot.mantissa = message.market_lot();
    value.min_market_quantity.mantissa = message.min_market_quantity();
    value.max_market_quantity.mantissa = message.max_market_quantity();
    value.min_notional_limit_only = message.min_notional_limit_only();
    value.max_notional_limit_only = message.max_notional_limit_only();
    return value;
  }
};

template <>
struct Convert<market::Trade> {
  using Envelope = pb::TradeEvent;

  using Proto = pb::Trade;

  static void Write(const market::Trade& value, MessageWriter& out) {
    WriteInstrument<Proto>(value, out);
    out.Unsigned(Proto::kTradeIdFieldNumber, value.trade_id);
    out.Zigzag(Proto::kPriceFieldNumber, value.price.mantissa);
    out.Zigzag(Proto::kQuantityFieldNumber, value.quantity.mantissa);
    out.Enum(Proto::kAggressorFieldNumber, kSides.ToProto(value.aggressor));
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

  using Proto = pb::Quote;

  static void Write(const market::Quote& value, MessageWriter& out) {
    WriteInstrument<Proto>(value, out);
    if (value.bid != market::Level{}) WriteLevel(Proto::kBidFieldNumber, value.bid, out);
    if (value.ask != market::Level{}) WriteLevel(Proto::kAskFieldNumber, value.ask, out);
    out.Unsigned(Proto::kUpdateIdFieldNumber, value.update_id);
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

  using Proto = pb::BookUpdate;

  static void Write(const market::BookUpdate& value, MessageWriter& out) {
    WriteInstrument<Proto>(value, out);
    out.Enum(Proto::kStateFieldNumber, kBookStates.ToProto(value.state));
    out.Enum(Proto::kFaultFieldNumber, kBookFaults.ToProto(value.fault));
    out.Bool(Proto::kSnapshotFieldNumber, value.snapshot);
    out.Unsigned(Proto::kFirstUpdateIdFieldNumber, value.first_update_id);
    out.Unsigned(Proto::kLastUpdateIdFieldNumber, value.last_update_id);
    for (const market::Level& level : value.bids) WriteLevel(Proto::kBidsFieldNumber, level, out);
    for (const market::Level& level : value.asks) WriteLevel(Proto::kAsksFieldNumber, level, out);
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

  using Proto = pb::Bar;

  static void Write(const market::Bar& value, MessageWriter& out) {
    WriteInstrument<Proto>(value, out);
    out.Time(Proto::kOpenTimeNsFieldNumber, value.open_time);
    out.Signed(Proto::kIntervalNsFieldNumber, value.interval.count());
    out.Zigzag(Proto::kOpenFieldNumber, value.open.mantissa);
    out.Zigzag(Proto::kHighFieldNumber, value.high.mantissa);
    out.Zigzag(Proto::kLowFieldNumber, value.low.mantissa);
    out.Zigzag(Proto::kCloseFieldNumber, value.close.mantissa);
    out.Zigzag(Proto::kVolumeFieldNumber, value.volume.mantissa);
    out.Unsigned(Proto::kTradesFieldNumber, value.trades);
    out.Bool(Proto::kClosedFieldNumber, value.closed);
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

  using Proto = pb::MarketStatus;

  static void Write(const market::MarketStatus& value, MessageWriter& out) {
    out.Text(Proto::kFeedFieldNumber, value.feed);
    out.Text(Proto::kInstrumentFieldNumber, value.instrument);
    out.Enum(Proto::kFeedStateFieldNumber, kFeedStates.ToProto(value.feed_state));
    out.Enum(Proto::kBookStateFieldNumber, kBookStates.ToProto(value.book_state));
    out.Enum(Proto::kFaultFieldNumber, kBookFaults.ToProto(value.fault));
    out.Text(Proto::kDetailFieldNumber, value.detail);
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
