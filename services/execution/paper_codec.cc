#include "services/execution/paper_codec.h"

#include "libs/base/status.h"
#include "libs/wire/canonical.h"

namespace gannet::execution {
namespace {

using wire::CanonicalReader;
using wire::CanonicalWriter;

constexpr uint8_t kVersion = 2;  // 1: trades without what they realised
// Of a request that places what only reduces: the others keep the bytes that journals have.
constexpr uint8_t kReducing = 3;
// Of an answer that states positions or best prices: the same of the others.
constexpr uint8_t kStating = 4;

template <class Enum>
Enum ReadEnum(CanonicalReader& in) {
  return static_cast<Enum>(in.U8());
}

void Write(CanonicalWriter& out, const venue::TradeUpdate& trade) {
  out.Text(trade.instrument);
  out.Text(trade.venue_order_id);
  out.Bytes(trade.trade_id);
  out.U8(static_cast<uint8_t>(trade.side));
  out.Bytes(trade.price);
  out.Bytes(trade.quantity);
  out.Bytes(trade.fee);
  out.Text(trade.fee_asset);
  out.Bytes(trade.realized);
  out.U8(static_cast<uint8_t>(trade.liquidity));
  out.Time(trade.time);
}
venue::TradeUpdate ReadTrade(CanonicalReader& in, uint8_t version) {
  venue::TradeUpdate trade;
  trade.instrument = in.Text<market::InstrumentId>();
  trade.venue_order_id = in.Text<market::VenueOrderId>();
  trade.trade_id = in.Bytes();
  trade.side = ReadEnum<market::Side>(in);
  trade.side_known = true;
  trade.price = in.Bytes();
  trade.quantity = in.Bytes();
  trade.fee = in.Bytes();
  trade.fee_asset = in.Text<market::AssetId>();
  if (version >= 2) trade.realized = in.Bytes();
  trade.liquidity = ReadEnum<market::Liquidity>(in);
  trade.time = in.Time();
  return trade;
}

void Write(CanonicalWriter& out, const venue::OrderUpdate& update) {
  out.Text(update.instrument);
  out.Text(update.client_order_id);
  out.Text(update.venue_order_id);
  out.U8(static_cast<uint8_t>(update.side));
  out.U8(static_cast<uint8_t>(update.type));
  out.U8(static_cast<uint8_t>(update.time_in_force));
  out.U8(static_cast<uint8_t>(update.status));
  out.Bytes(update.price);
  out.Bytes(update.stop_price);
  out.Bytes(update.quantity);
  out.Bytes(update.cumulative);
  out.Bool(update.trade.has_value());
  if (update.trade) Write(out, *update.trade);
  out.U8(!update.triggered ? 0 : *update.triggered ? 2 : 1);
  out.Time(update.time);
  out.Bytes(update.reject_code);
}
venue::OrderUpdate ReadOrder(CanonicalReader& in, uint8_t version) {
  venue::OrderUpdate update;
  update.instrument = in.Text<market::InstrumentId>();
  update.client_order_id = in.Text<market::ClientOrderId>();
  update.venue_order_id = in.Text<market::VenueOrderId>();
  update.side = ReadEnum<market::Side>(in);
  update.type = ReadEnum<market::OrderType>(in);
  update.time_in_force = ReadEnum<market::TimeInForce>(in);
  update.status = ReadEnum<venue::VenueOrderStatus>(in);
  update.price = in.Bytes();
  update.stop_price = in.Bytes();
  update.quantity = in.Bytes();
  update.cumulative = in.Bytes();
  if (in.Bool()) update.trade = ReadTrade(in, version);
  const uint8_t triggered = in.U8();
  if (triggered != 0) update.triggered = triggered == 2;
  update.time = in.Time();
  update.reject_code = in.Bytes();
  return update;
}

void Write(CanonicalWriter& out, const venue::BalanceEntry& entry) {
  out.Text(entry.asset);
  out.Money(entry.free);
  out.Money(entry.locked);
}
venue::BalanceEntry ReadBalance(CanonicalReader& in) {
  venue::BalanceEntry entry;
  entry.asset = in.Text<market::AssetId>();
  entry.free = in.Money();
  entry.locked = in.Money();
  return entry;
}

void Write(CanonicalWriter& out, const venue::PositionEntry& entry) {
  out.Text(entry.instrument);
  out.Bytes(entry.quantity);
}
venue::PositionEntry ReadPosition(CanonicalReader& in) {
  venue::PositionEntry entry;
  entry.instrument = in.Text<market::InstrumentId>();
  entry.quantity = in.Bytes();
  return entry;
}

template <class T>
void WriteList(CanonicalWriter& out, const std::vector<T>& list) {
  out.U32(static_cast<uint32_t>(list.size()));
  for (const T& member : list) Write(out, member);
}
template <class T, class Read>
void ReadList(CanonicalReader& in, std::vector<T>& list, Read read) {
  const uint32_t count = in.U32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) list.push_back(read(in));
}

template <class T>
absl::StatusOr<T> Finish(CanonicalReader& in, T value) {
  GANNET_RETURN_IF_ERROR(in.status());
  if (!in.done()) return absl::DataLossError("bytes after the end of a message of the paper venue");
  return value;
}

// Older ones are in journals.
absl::StatusOr<uint8_t> ReadVersion(CanonicalReader& in, uint8_t newest = kVersion) {
  const uint8_t version = in.U8();
  if (in.ok() && (version == 0 || version > newest)) {
    return absl::DataLossError("a message of the paper venue has another format");
  }
  GANNET_RETURN_IF_ERROR(in.status());
  return version;
}

}  // namespace

std::string EncodePaper(const PaperRequest& request) {
  CanonicalWriter out(256);
  out.U8(request.order.reduce_only ? kReducing : kVersion);
  out.U8(static_cast<uint8_t>(request.kind));
  out.Text(request.order.client_order_id);
  out.Text(request.order.instrument);
  out.U8(static_cast<uint8_t>(request.order.side));
  out.U8(static_cast<uint8_t>(request.order.type));
  out.U8(static_cast<uint8_t>(request.order.time_in_force));
  out.I64(request.order.price.mantissa);
  out.I64(request.order.stop_price.mantissa);
  out.I64(request.order.quantity.mantissa);
  out.Time(request.order.expires);
  out.Text(request.venue_order);
  out.Bytes(request.trade_id);
  out.Time(request.since);
  return out.Take();
}

absl::StatusOr<PaperRequest> DecodePaperRequest(std::string_view bytes) {
  CanonicalReader in(bytes);
  GANNET_ASSIGN_OR_RETURN(const uint8_t version, ReadVersion(in, kReducing));
  PaperRequest request;
  request.order.reduce_only = version == kReducing;
  request.kind = ReadEnum<venue::RequestKind>(in);
  request.order.client_order_id = in.Text<market::ClientOrderId>();
  request.order.instrument = in.Text<market::InstrumentId>();
  request.order.side = ReadEnum<market::Side>(in);
  request.order.type = ReadEnum<market::OrderType>(in);
  request.order.time_in_force = ReadEnum<market::TimeInForce>(in);
  request.order.price.mantissa = in.I64();
  request.order.stop_price.mantissa = in.I64();
  request.order.quantity.mantissa = in.I64();
  request.order.expires = in.Time();
  request.venue_order = in.Text<market::VenueOrderId>();
  request.trade_id = in.Bytes();
  request.since = in.Time();
  return Finish(in, std::move(request));
}

std::string EncodePaper(const venue::Answer& answer) {
  CanonicalWriter out(512);
  const bool states = answer.positions || answer.best;
  out.U8(states ? kStating : kVersion);
  out.U8(static_cast<uint8_t>(answer.outcome));
  out.Bytes(answer.code);
  out.Bytes(answer.message);
  out.Bool(answer.not_found);
  WriteList(out, answer.orders);
  WriteList(out, answer.trades);
  WriteList(out, answer.balances);
  out.Time(answer.balances_time);
  out.Bool(answer.server_time.has_value());
  if (answer.server_time) out.Time(*answer.server_time);
  if (!states) return out.Take();
  out.Bool(answer.positions.has_value());
  if (answer.positions) WriteList(out, *answer.positions);
  out.Bool(answer.best.has_value());
  if (answer.best) {
    out.Bytes(answer.best->bid);
    out.Bytes(answer.best->ask);
  }
  return out.Take();
}

absl::StatusOr<venue::Answer> DecodePaperAnswer(std::string_view bytes) {
  CanonicalReader in(bytes);
  GANNET_ASSIGN_OR_RETURN(const uint8_t version, ReadVersion(in, kStating));
  venue::Answer answer;
  answer.outcome = ReadEnum<venue::OutcomeClass>(in);
  answer.code = in.Bytes();
  answer.message = in.Bytes();
  answer.not_found = in.Bool();
  ReadList(in, answer.orders, [=](CanonicalReader& from) { return ReadOrder(from, version); });
  ReadList(in, answer.trades, [=](CanonicalReader& from) { return ReadTrade(from, version); });
  ReadList(in, answer.balances, ReadBalance);
  answer.balances_time = in.Time();
  if (in.Bool()) answer.server_time = in.Time();
  if (version < kStating) return Finish(in, std::move(answer));
  if (in.Bool()) ReadList(in, answer.positions.emplace(), ReadPosition);
  if (in.Bool()) answer.best = venue::BestPrices{in.Bytes(), in.Bytes()};
  return Finish(in, std::move(answer));
}

std::string EncodePaper(const venue::StreamUpdate& update) {
  CanonicalWriter out(256);
  out.U8(kVersion);
  out.U8(static_cast<uint8_t>(update.kind));
  out.Bytes(update.evidence);
  out.Bool(update.order.has_value());
  if (update.order) Write(out, *update.order);
  WriteList(out, update.balances);
  out.Time(update.time);
  return out.Take();
}

absl::StatusOr<venue::StreamUpdate> DecodePaperFrame(std::string_view bytes) {
  CanonicalReader in(bytes);
  GANNET_ASSIGN_OR_RETURN(const uint8_t version, ReadVersion(in));
  venue::StreamUpdate update;
  update.kind = ReadEnum<venue::StreamKind>(in);
  update.evidence = in.Bytes();
  if (in.Bool()) update.order = ReadOrder(in, version);
  ReadList(in, update.balances, ReadBalance);
  update.time = in.Time();
  return Finish(in, std::move(update));
}

}  // namespace gannet::execution
