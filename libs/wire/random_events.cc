#include "libs/wire/random_events.h"

#include <array>
#include <string>
#include <vector>

#include "libs/market/account_event.h"
#include "libs/market/heartbeat.h"

namespace gannet::wire {
namespace {

// 0, small, any, and both ends of the range.
int64_t Number(base::Rng& rng) {
  switch (rng.Below(6)) {
    case 0:
      return 0;
    case 1:
      return rng.Between(-1000, 1000);
    case 2:
      return INT64_MAX;
    case 3:
      return INT64_MIN;
    default:
      return static_cast<int64_t>(rng.Next());
  }
}

uint64_t Unsigned(base::Rng& rng) { return static_cast<uint64_t>(Number(rng)); }
uint32_t Small(base::Rng& rng) { return static_cast<uint32_t>(rng.Next()); }
bool Coin(base::Rng& rng) { return rng.Below(2) == 1; }

std::string Text(base::Rng& rng) {
  static constexpr std::array<const char*, 8> kPieces = {
      "a", "BTC", "quote refresh ", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x9A\x80", "\"\n\\", ""};
  std::string text;
  const uint64_t pieces = rng.Below(8);
  for (uint64_t i = 0; i < pieces; ++i) text += kPieces[rng.Below(kPieces.size())];
  return text;
}

std::string Blob(base::Rng& rng) {
  std::string bytes;
  const uint64_t length = rng.Below(40);
  for (uint64_t i = 0; i < length; ++i) bytes.push_back(static_cast<char>(rng.Below(256)));
  return bytes;
}

template <class Id>
Id Name(base::Rng& rng) {
  return Id(Text(rng));
}

// Ids that a message must have.
market::InstrumentId Instrument(base::Rng& rng) {
  return market::InstrumentId("venue:" + Text(rng));
}
market::AccountId Account(base::Rng& rng) { return market::AccountId("main/" + Text(rng)); }

template <class Enum>
Enum Pick(base::Rng& rng, Enum first, Enum last) {
  return static_cast<Enum>(rng.Between(static_cast<int64_t>(first), static_cast<int64_t>(last)));
}

base::Time When(base::Rng& rng) { return base::FromUnixNanos(Number(rng)); }
base::Duration Span(base::Rng& rng) { return base::Duration(Number(rng)); }
market::Price Price(base::Rng& rng) { return {Number(rng)}; }
market::Quantity Quantity(base::Rng& rng) { return {Number(rng)}; }
market::Level Level(base::Rng& rng) {
  market::Level level;
  level.price = Price(rng);
  level.quantity = Quantity(rng);
  return level;
}

// Within ±10^20, so that amounts of unequal scales still compare.
market::Money Money(base::Rng& rng) {
  const market::Int128 high = rng.Between(-100'000, 100'000);
  const market::Int128 low = static_cast<market::Int128>(rng.Below(1'000'000'000'000'000));
  return market::Money(high * 1'000'000'000'000'000 + low, static_cast<int>(rng.Below(19)));
}

base::Sha256Digest Digest(base::Rng& rng) {
  base::Sha256Digest digest;
  for (uint8_t& byte : digest) byte = static_cast<uint8_t>(rng.Below(256));
  return digest;
}

market::EventId Id(base::Rng& rng) {
  if (rng.Below(4) == 0) return {};
  market::EventId id;
  id.stream = rng.Next();
  id.sequence = rng.Below(UINT64_MAX) + 1;
  return id;
}

market::Scope Scope(base::Rng& rng) {
  market::Scope scope;
  scope.kind = Pick(rng, market::ScopeKind::kFirm, market::ScopeKind::kInstrument);
  scope.name = Text(rng);
  return scope;
}

market::RejectReason Reason(base::Rng& rng) {
  return Pick(rng, market::RejectReason::kNone, market::RejectReason::kSelfTrade);
}

market::TradingState TradingState(base::Rng& rng) {
  return Pick(rng, market::TradingState::kActive, market::TradingState::kHalted);
}

std::vector<market::Level> Levels(base::Rng& rng) {
  std::vector<market::Level> levels;
  const uint64_t count = rng.Below(6);
  for (uint64_t i = 0; i < count; ++i) levels.push_back(Level(rng));
  return levels;
}

market::Entity Entity(base::Rng& rng) {
  market::Entity entity;
  entity.id = Text(rng);
  entity.text = Text(rng);
  entity.offset = Small(rng);
  entity.sentiment_ppm = static_cast<int32_t>(Small(rng));
  return entity;
}

market::Fill Fill(base::Rng& rng) {
  market::Fill fill;
  fill.trade_id = Text(rng);
  fill.price = Price(rng);
  fill.quantity = Quantity(rng);
  fill.fee = Money(rng);
  fill.fee_asset = Name<market::AssetId>(rng);
  fill.liquidity = Pick(rng, market::Liquidity::kNone, market::Liquidity::kTaker);
  return fill;
}

market::AlgoPlan Plan(base::Rng& rng) {
  market::AlgoPlan plan;
  plan.algo = Pick(rng, market::Algo::kTwap, market::Algo::kOco);
  plan.slices = Small(rng);
  for (uint64_t left = rng.Below(4); left > 0; --left) plan.weights.push_back(Small(rng));
  plan.participation_ppm = Small(rng);
  plan.visible = Quantity(rng);
  for (uint64_t left = rng.Below(3); left > 0; --left) plan.venues.push_back(Instrument(rng));
  plan.take_profit = Price(rng);
  plan.stop = Price(rng);
  plan.stop_limit = Price(rng);
  plan.max_children = Small(rng);
  return plan;
}

market::OrderRequest Request(base::Rng& rng) {
  market::OrderRequest value;
  value.account = Account(rng);
  value.instrument = Instrument(rng);
  value.instrument_version = Small(rng);
  value.target = Name<market::ClientOrderId>(rng);
  value.side = Pick(rng, market::Side::kBuy, market::Side::kSell);
  value.type = Pick(rng, market::OrderType::kMarket, market::OrderType::kTrailingStop);
  value.time_in_force = Pick(rng, market::TimeInForce::kGtc, market::TimeInForce::kPostOnly);
  value.price = Price(rng);
  value.stop_price = Price(rng);
  value.quantity = Quantity(rng);
  value.reduce_only = Coin(rng);
  // Of other types the canonical bytes have no place for it.
  if (value.type == market::OrderType::kTrailingStop) value.trailing_bps = Small(rng);
  value.expires = When(rng);
  return value;
}

}  // namespace

market::Header RandomHeader(base::Rng& rng) {
  market::Header header;
  header.id = Id(rng);
  header.correlation = Id(rng);
  header.causation = Id(rng);
  header.event_time = When(rng);
  header.receive_time = When(rng);
  header.publish_time = When(rng);
  header.source = Text(rng);
  header.source_sequence = Unsigned(rng);
  header.tenant = Text(rng);
  if (Coin(rng)) {
    for (uint8_t& byte : header.trace.trace_id) byte = static_cast<uint8_t>(rng.Below(256));
    for (uint8_t& byte : header.trace.span_id) byte = static_cast<uint8_t>(rng.Below(256));
    header.trace.flags = static_cast<uint8_t>(rng.Below(256));
  }
  return header;
}

template <>
market::Instrument RandomValue(base::Rng& rng) {
  market::Instrument value;
  value.id = Instrument(rng);
  value.version = Small(rng);
  value.kind = Pick(rng, market::InstrumentKind::kSpot, market::InstrumentKind::kFuture);
  value.status = Pick(rng, market::InstrumentStatus::kTrading, market::InstrumentStatus::kDelisted);
  value.base = Name<market::AssetId>(rng);
  value.quote = Name<market::AssetId>(rng);
  value.settle = Name<market::AssetId>(rng);
  value.price_scale = static_cast<int>(rng.Below(19));
  value.quantity_scale = static_cast<int>(rng.Below(19));
  value.base_scale = static_cast<int>(rng.Below(19));
  value.quote_scale = static_cast<int>(rng.Below(19));
  value.tick = Price(rng);
  value.lot = Quantity(rng);
  value.min_quantity = Quantity(rng);
  value.max_quantity = Quantity(rng);
  value.min_notional = Money(rng);
  value.buy_band = {Number(rng), Number(rng)};
  value.multiplier = Number(rng);
  value.max_notional = Money(rng);
  value.market_lot = Quantity(rng);
  value.min_market_quantity = Quantity(rng);
  value.max_market_quantity = Quantity(rng);
  value.min_notional_limit_only = Coin(rng);
  value.max_notional_limit_only = Coin(rng);
  value.sell_band = {Number(rng), Number(rng)};
  return value;
}

template <>
market::Trade RandomValue(base::Rng& rng) {
  market::Trade value;
  value.instrument = Instrument(rng);
  value.instrument_version = Small(rng);
  value.trade_id = Unsigned(rng);
  value.price = Price(rng);
  value.quantity = Quantity(rng);
  value.aggressor = Pick(rng, market::Side::kBuy, market::Side::kSell);
  return value;
}

template <>
market::Quote RandomValue(base::Rng& rng) {
  market::Quote value;
  value.instrument = Instrument(rng);
  value.instrument_version = Small(rng);
  if (Coin(rng)) value.bid = Level(rng);
  if (Coin(rng)) value.ask = Level(rng);
  value.update_id = Unsigned(rng);
  return value;
}

template <>
market::BookUpdate RandomValue(base::Rng& rng) {
  market::BookUpdate value;
  value.instrument = Instrument(rng);
  value.instrument_version = Small(rng);
  value.state = Pick(rng, market::BookState::kValid, market::BookState::kInvalid);
  value.fault = Pick(rng, market::BookFault::kNone, market::BookFault::kBadData);
  value.snapshot = Coin(rng);
  value.first_update_id = Unsigned(rng);
  value.last_update_id = Unsigned(rng);
  value.bids = Levels(rng);
  value.asks = Levels(rng);
  return value;
}

template <>
market::Bar RandomValue(base::Rng& rng) {
  market::Bar value;
  value.instrument = Instrument(rng);
  value.instrument_version = Small(rng);
  value.open_time = When(rng);
  value.interval = Span(rng);
  value.open = Price(rng);
  value.high = Price(rng);
  value.low = Price(rng);
  value.close = Price(rng);
  value.volume = Quantity(rng);
  value.trades = Unsigned(rng);
  value.closed = Coin(rng);
  return value;
}

template <>
market::MarketStatus RandomValue(base::Rng& rng) {
  market::MarketStatus value;
  value.feed = Text(rng);
  value.instrument = Name<market::InstrumentId>(rng);
  value.feed_state = Pick(rng, market::FeedState::kConnected, market::FeedState::kStale);
  value.book_state = Pick(rng, market::BookState::kValid, market::BookState::kInvalid);
  value.fault = Pick(rng, market::BookFault::kNone, market::BookFault::kBadData);
  value.detail = Text(rng);
  return value;
}

template <>
market::NewsItem RandomValue(base::Rng& rng) {
  market::NewsItem value;
  value.source = "rss:" + Text(rng);
  value.source_id = Text(rng);
  value.url = Text(rng);
  value.title = Text(rng);
  value.summary = Text(rng);
  value.language = Text(rng);
  value.published = When(rng);
  value.received = When(rng);
  value.published_stated = Coin(rng);
  return value;
}

template <>
market::NewsSignal RandomValue(base::Rng& rng) {
  market::NewsSignal value;
  value.item = Id(rng);
  value.title = Text(rng);
  value.source = Text(rng);
  value.source_id = Text(rng);
  value.type = Pick(rng, market::NewsEventType::kNone, market::NewsEventType::kTechnical);
  value.type_probability_ppm = Small(rng);
  value.sentiment_ppm = static_cast<int32_t>(Small(rng));
  value.novelty_ppm = Small(rng);
  value.confidence_ppm = Small(rng);
  value.relation = Pick(rng, market::NewsRelation::kOriginal, market::NewsRelation::kRetraction);
  value.original = Id(rng);
  const uint64_t entities = rng.Below(4);
  for (uint64_t i = 0; i < entities; ++i) value.entities.push_back(Entity(rng));
  const uint64_t instruments = rng.Below(4);
  for (uint64_t i = 0; i < instruments; ++i) value.instruments.push_back(Instrument(rng));
  value.classifier_version = Text(rng);
  value.dictionary_version = Text(rng);
  value.latency = Span(rng);
  return value;
}

template <>
market::Prediction RandomValue(base::Rng& rng) {
  market::Prediction value;
  value.instrument = Instrument(rng);
  value.model = Text(rng);
  value.version = Text(rng);
  value.horizon = Span(rng);
  value.down_ppm = Small(rng);
  value.flat_ppm = Small(rng);
  value.up_ppm = Small(rng);
  value.feature_hash = Digest(rng);
  value.drift = Pick(rng, market::DriftState::kOk, market::DriftState::kUnknown);
  return value;
}

template <>
market::OrderIntent RandomValue(base::Rng& rng) {
  market::OrderIntent value;
  value.kind = Pick(rng, market::IntentKind::kNew, market::IntentKind::kReplace);
  value.account = Account(rng);
  value.strategy = Name<market::StrategyId>(rng);
  value.sequence = Unsigned(rng);
  value.attempt = Small(rng);
  value.client_order_id = Name<market::ClientOrderId>(rng);
  value.target = Name<market::ClientOrderId>(rng);
  value.parent = Name<market::ClientOrderId>(rng);
  value.instrument = Instrument(rng);
  value.instrument_version = Small(rng);
  value.side = Pick(rng, market::Side::kBuy, market::Side::kSell);
  value.type = Pick(rng, market::OrderType::kMarket, market::OrderType::kTrailingStop);
  value.time_in_force = Pick(rng, market::TimeInForce::kGtc, market::TimeInForce::kPostOnly);
  value.price = Price(rng);
  value.stop_price = Price(rng);
  value.quantity = Quantity(rng);
  value.reduce_only = Coin(rng);
  // Of other types the canonical bytes have no place for it.
  if (value.type == market::OrderType::kTrailingStop) value.trailing_bps = Small(rng);
  value.created = When(rng);
  value.expires = When(rng);
  value.reason = Text(rng);
  value.model_version = Text(rng);
  value.signal = Id(rng);
  value.hash = Digest(rng);
  return value;
}

template <>
market::ParentOrder RandomValue(base::Rng& rng) {
  market::ParentOrder value;
  value.intent = RandomValue<market::OrderIntent>(rng);
  value.intent.kind = market::IntentKind::kParent;
  value.plan = Plan(rng);
  value.state = Pick(rng, market::ParentState::kSubmitted, market::ParentState::kFailed);
  value.filled = Quantity(rng);
  value.exited = Quantity(rng);
  value.filled_value = Money(rng).units();
  value.exited_value = Money(rng).units();
  value.market_volume = Quantity(rng);
  value.market_value = Money(rng).units();
  value.arrival = Price(rng);
  value.children = Small(rng);
  value.detail = Text(rng);
  return value;
}

template <>
market::RiskDecision RandomValue(base::Rng& rng) {
  market::RiskDecision value;
  value.intent = RandomValue<market::OrderIntent>(rng);
  value.permitted = Coin(rng);
  value.reason = Reason(rng);
  const uint64_t failing = rng.Below(4);
  for (uint64_t i = 0; i < failing; ++i) value.failing.push_back(Reason(rng));
  value.detail = Text(rng);
  value.limit_version = Unsigned(rng);
  value.epoch = Unsigned(rng);
  value.decided = When(rng);
  value.expires = When(rng);
  value.reserved = Money(rng);
  value.reference_price = Price(rng);
  return value;
}

template <>
market::ExecReport RandomValue(base::Rng& rng) {
  market::ExecReport value;
  value.kind = Pick(rng, market::ExecKind::kJournaled, market::ExecKind::kIllegal);
  value.account = Account(rng);
  value.strategy = Name<market::StrategyId>(rng);
  value.instrument = Instrument(rng);
  value.instrument_version = Small(rng);
  value.client_order_id = Name<market::ClientOrderId>(rng);
  value.venue_order_id = Name<market::VenueOrderId>(rng);
  value.target = Name<market::ClientOrderId>(rng);
  value.side = Pick(rng, market::Side::kBuy, market::Side::kSell);
  value.previous = Pick(rng, market::OrderState::kInitialized, market::OrderState::kAbsent);
  value.state = Pick(rng, market::OrderState::kInitialized, market::OrderState::kAbsent);
  value.quantity = Quantity(rng);
  value.cumulative = Quantity(rng);
  value.price = Price(rng);
  if (Coin(rng)) value.fill = Fill(rng);
  value.local_reason = Reason(rng);
  value.venue_code = Text(rng);
  value.detail = Text(rng);
  value.intent_hash = Digest(rng);
  value.evidence = Text(rng);
  value.signal = Id(rng);
  value.model_version = Text(rng);
  return value;
}

template <>
market::PositionUpdate RandomValue(base::Rng& rng) {
  market::PositionUpdate value;
  value.account = Account(rng);
  value.strategy = Name<market::StrategyId>(rng);
  value.instrument = Instrument(rng);
  value.instrument_version = Small(rng);
  value.net = Quantity(rng);
  value.average_price = Price(rng);
  value.realized_pnl = Money(rng);
  value.fees = Money(rng);
  return value;
}

template <>
market::BalanceUpdate RandomValue(base::Rng& rng) {
  market::BalanceUpdate value;
  value.account = Account(rng);
  value.venue = Text(rng);
  value.asset = market::AssetId("X" + Text(rng));
  value.free = Money(rng);
  value.locked = Money(rng);
  return value;
}

template <>
market::AccountEvent RandomValue(base::Rng& rng) {
  market::AccountEvent value;
  value.kind = Pick(rng, market::AccountEventKind::kFill, market::AccountEventKind::kAdjustment);
  value.account = Account(rng);
  value.venue = Text(rng);
  value.id = Text(rng);
  value.strategy = Name<market::StrategyId>(rng);
  if (Coin(rng)) value.instrument = Instrument(rng);
  value.instrument_version = Small(rng);
  value.client_order_id = Name<market::ClientOrderId>(rng);
  value.quantity = Quantity(rng);
  value.price = Price(rng);
  while (Coin(rng)) {
    market::AssetChange change;
    change.asset = market::AssetId("X" + Text(rng));
    change.amount = Money(rng);
    value.changes.push_back(std::move(change));
  }
  value.evidence = Text(rng);
  value.person = Text(rng);
  value.time = When(rng);
  return value;
}

template <>
market::RiskState RandomValue(base::Rng& rng) {
  market::RiskState value;
  value.scope = Scope(rng);
  value.state = TradingState(rng);
  value.killed = Coin(rng);
  value.reason = Text(rng);
  value.person = Text(rng);
  value.limit_version = Unsigned(rng);
  value.epoch = Unsigned(rng);
  return value;
}

template <>
market::Command RandomValue(base::Rng& rng) {
  market::Command value;
  value.kind = Pick(rng, market::CommandKind::kKill, market::CommandKind::kCancelOrder);
  value.scope = Scope(rng);
  value.state = TradingState(rng);
  value.reason = Text(rng);
  value.person = Text(rng);
  value.request_id = Text(rng);
  if (market::IsAboutOrder(value.kind)) value.order = Request(rng);
  if (Coin(rng)) {
    value.kind = Pick(rng, market::CommandKind::kProposeLimits, market::CommandKind::kRejectLimits);
    value.order.reset();
    value.text = Text(rng);
    value.new_names = Coin(rng);
    value.proposal = Unsigned(rng);
  }
  if (value.order && Coin(rng)) value.order->plan = Plan(rng);
  if (value.kind == market::CommandKind::kKill) value.flatten = Coin(rng);
  return value;
}

template <>
market::LimitEvent RandomValue(base::Rng& rng) {
  market::LimitEvent value;
  value.step = Pick(rng, market::LimitStep::kInForce, market::LimitStep::kRejected);
  value.proposal = Unsigned(rng);
  value.base_version = Unsigned(rng);
  value.version = Unsigned(rng);
  value.person = Text(rng);
  value.reason = Text(rng);
  value.text = Text(rng);
  while (Coin(rng)) value.changes.push_back({Scope(rng), Text(rng), Text(rng), Text(rng)});
  while (Coin(rng))
    value.rows.push_back(
        {Scope(rng), Text(rng), Money(rng), market::AssetId(Text(rng)), Text(rng)});
  return value;
}

template <>
market::CommandAnswer RandomValue(base::Rng& rng) {
  market::CommandAnswer value;
  value.command = Id(rng);
  value.request_id = Text(rng);
  value.person = Text(rng);
  value.outcome = Pick(rng, market::CommandOutcome::kApplied, market::CommandOutcome::kRefused);
  value.engine = Text(rng);
  value.client_order_id = Name<market::ClientOrderId>(rng);
  value.detail = Text(rng);
  value.proposal = Unsigned(rng);
  return value;
}

template <>
market::Heartbeat RandomValue(base::Rng& rng) {
  market::Heartbeat value;
  value.service = "service" + Text(rng);
  value.shard = Text(rng);
  value.started = When(rng);
  value.sequence = Unsigned(rng);
  value.state = Pick(rng, market::ServiceState::kReady, market::ServiceState::kStopping);
  value.detail = Text(rng);
  while (Coin(rng)) {
    value.models.push_back(
        {.model = Text(rng),
         .scored = Unsigned(rng),
         .failed = Unsigned(rng),
         .newest = When(rng),
         .drift = Pick(rng, market::DriftState::kOk, market::DriftState::kUnknown)});
  }
  return value;
}

template <>
EngineNote RandomValue(base::Rng& rng) {
  EngineNote value;
  value.engine = "engine" + Text(rng);
  value.kind = Text(rng);
  value.body = Blob(rng);
  return value;
}

template <>
HttpExchange RandomValue(base::Rng& rng) {
  HttpExchange value;
  value.request_id = Unsigned(rng);
  value.transport_error = Text(rng);
  value.status = static_cast<int32_t>(Small(rng));
  const uint64_t headers = rng.Below(4);
  for (uint64_t i = 0; i < headers; ++i) {
    std::string name = Text(rng);
    value.headers.emplace_back(std::move(name), Blob(rng));
  }
  value.body = Blob(rng);
  return value;
}

template <>
StreamEvent RandomValue(base::Rng& rng) {
  StreamEvent value;
  value.connection = Text(rng);
  value.kind = Pick(rng, StreamEvent::Kind::kOpened, StreamEvent::Kind::kFrame);
  value.body = Blob(rng);
  return value;
}

}  // namespace gannet::wire
