// Snapshots of PaperVenue: everything but the options, in a fixed order.
#include <utility>

#include "libs/matching/paper_venue.h"
#include "libs/wire/saved.h"

namespace gannet::matching {
namespace {

using market::Level;
using market::Price;
using market::Quantity;
using market::Side;

// 1: without what trades took off the book; 2: without which orders only reduce; 3: without the
// bounds of market orders
constexpr uint8_t kStateVersion = 4;
constexpr uint32_t kMaxEntries = 10'000'000;  // of one list; more is damage, not state

void SavePrice(wire::CanonicalWriter& writer, Price price) { writer.I64(price.mantissa); }
void SaveQuantity(wire::CanonicalWriter& writer, Quantity quantity) {
  writer.I64(quantity.mantissa);
}
Price LoadPrice(wire::CanonicalReader& reader) { return Price{reader.I64()}; }
Quantity LoadQuantity(wire::CanonicalReader& reader) { return Quantity{reader.I64()}; }

template <class Enum>
void SaveEnum(wire::CanonicalWriter& writer, Enum value) {
  writer.U8(static_cast<uint8_t>(value));
}
template <class Enum>
Enum LoadEnum(wire::CanonicalReader& reader) {
  return static_cast<Enum>(reader.U8());
}

// The length of a list, bounded so that damage cannot ask for all memory.
uint32_t LoadCount(wire::CanonicalReader& reader) {
  const uint32_t count = reader.U32();
  return reader.ok() && count <= kMaxEntries ? count : 0;
}
void SaveCount(wire::CanonicalWriter& writer, size_t count) {
  writer.U32(static_cast<uint32_t>(count));
}

void SaveOrder(wire::CanonicalWriter& writer, const PaperOrder& order) {
  writer.Text(order.client_order_id);
  writer.Text(order.instrument);
  SaveEnum(writer, order.side);
  SaveEnum(writer, order.type);
  SaveEnum(writer, order.time_in_force);
  SavePrice(writer, order.price);
  SavePrice(writer, order.stop_price);
  SaveQuantity(writer, order.quantity);
  writer.Time(order.expires);
  writer.Bool(order.reduce_only);
}

PaperOrder LoadOrder(wire::CanonicalReader& reader, uint8_t version) {
  PaperOrder order;
  order.client_order_id = reader.Text<market::ClientOrderId>();
  order.instrument = reader.Text<market::InstrumentId>();
  order.side = LoadEnum<Side>(reader);
  order.type = LoadEnum<market::OrderType>(reader);
  order.time_in_force = LoadEnum<market::TimeInForce>(reader);
  order.price = LoadPrice(reader);
  order.stop_price = LoadPrice(reader);
  order.quantity = LoadQuantity(reader);
  order.expires = reader.Time();
  if (version > 2) order.reduce_only = reader.Bool();
  return order;
}

void SaveStatus(wire::CanonicalWriter& writer, const PaperOrderStatus& status) {
  SaveOrder(writer, status.order);
  writer.Text(status.venue_order_id);
  SaveEnum(writer, status.state);
  SaveQuantity(writer, status.filled);
  writer.Money(status.fees);
  writer.Time(status.accepted);
  writer.Time(status.updated);
  SaveQuantity(writer, status.ahead);
}

PaperOrderStatus LoadStatus(wire::CanonicalReader& reader, uint8_t version) {
  PaperOrderStatus status;
  status.order = LoadOrder(reader, version);
  status.venue_order_id = reader.Text<market::VenueOrderId>();
  status.state = LoadEnum<market::OrderState>(reader);
  status.filled = LoadQuantity(reader);
  status.fees = reader.Money();
  status.accepted = reader.Time();
  status.updated = reader.Time();
  status.ahead = LoadQuantity(reader);
  return status;
}

void SaveEvent(wire::CanonicalWriter& writer, const PaperEvent& event) {
  SaveEnum(writer, event.kind);
  writer.Text(event.client_order_id);
  writer.Text(event.venue_order_id);
  writer.Text(event.instrument);
  SaveEnum(writer, event.side);
  writer.Time(event.time);
  SaveEnum(writer, event.reason);
  writer.Bytes(event.trade_id);
  SavePrice(writer, event.price);
  SaveQuantity(writer, event.quantity);
  SaveQuantity(writer, event.cumulative);
  writer.Money(event.fee);
  writer.Text(event.fee_asset);
  SaveEnum(writer, event.liquidity);
}

PaperEvent LoadEvent(wire::CanonicalReader& reader) {
  PaperEvent event;
  event.kind = LoadEnum<PaperEventKind>(reader);
  event.client_order_id = reader.Text<market::ClientOrderId>();
  event.venue_order_id = reader.Text<market::VenueOrderId>();
  event.instrument = reader.Text<market::InstrumentId>();
  event.side = LoadEnum<Side>(reader);
  event.time = reader.Time();
  event.reason = LoadEnum<PaperReject>(reader);
  event.trade_id = reader.Bytes();
  event.price = LoadPrice(reader);
  event.quantity = LoadQuantity(reader);
  event.cumulative = LoadQuantity(reader);
  event.fee = reader.Money();
  event.fee_asset = reader.Text<market::AssetId>();
  event.liquidity = LoadEnum<market::Liquidity>(reader);
  return event;
}

void SaveBook(wire::CanonicalWriter& writer, const market::Book& book) {
  for (const Side side : {Side::kBuy, Side::kSell}) {
    SaveCount(writer, book.depth(side));
    for (size_t i = book.depth(side); i > 0; --i) {  // worst first: loads without moving levels
      SavePrice(writer, book.level(side, i - 1).price);
      SaveQuantity(writer, book.level(side, i - 1).quantity);
    }
  }
}

void LoadBook(wire::CanonicalReader& reader, market::Book& book) {
  for (const Side side : {Side::kBuy, Side::kSell}) {
    for (uint32_t n = LoadCount(reader); n > 0 && reader.ok(); --n) {
      const Price price = LoadPrice(reader);
      book.Set(side, price, LoadQuantity(reader));
    }
  }
}

}  // namespace

void PaperVenue::Save(wire::CanonicalWriter& writer) const {
  writer.U8(kStateVersion);
  writer.Time(now_);
  writer.U64(requests_);
  writer.U64(last_order_);
  writer.U64(last_trade_);
  SaveCount(writer, markets_.size());
  for (const auto& [id, market] : markets_) {
    wire::SaveInstrument(writer, market.instrument);
    SaveBook(writer, market.book);
    writer.Bool(market.valid);
    SavePrice(writer, market.last_trade);
    SaveCount(writer, market.memory.size());
    for (const auto& [key, memory] : market.memory) {
      SaveEnum(writer, key.first);
      SavePrice(writer, key.second);
      SaveQuantity(writer, memory.taken);
      SaveQuantity(writer, memory.traded);
      SaveQuantity(writer, memory.gone);
      SaveQuantity(writer, memory.credit);
    }
  }
  SaveCount(writer, orders_.size());
  for (const auto& [number, working] : orders_) {
    writer.U64(number);
    SaveStatus(writer, working.status);
    writer.Bool(working.resting);
    writer.Bool(working.triggered);
    writer.Bool(working.queue_unknown);
    SaveQuantity(writer, working.credit);
  }
  SaveCount(writer, arrivals_.size());
  for (const auto& [key, arrival] : arrivals_) {
    writer.Time(key.first);
    writer.U64(key.second);
    writer.U8(static_cast<uint8_t>(arrival.kind));
    SaveOrder(writer, arrival.order);
  }
  SaveCount(writer, closed_queue_.size());
  for (const auto& [number, id] : closed_queue_) {
    writer.U64(number);
    writer.Text(id);
  }
  SaveCount(writer, closed_.size());
  for (const auto& [id, closed] : closed_) {
    writer.U64(closed.first);
    SaveStatus(writer, closed.second);
  }
  SaveCount(writer, events_.size());
  for (const PaperEvent& event : events_) SaveEvent(writer, event);
}

absl::Status PaperVenue::Load(wire::CanonicalReader& reader) {
  PaperVenue loaded(options_);
  const uint8_t version = reader.U8();
  if (reader.ok() && (version == 0 || version > kStateVersion)) {
    Clear();
    return absl::DataLossError(
        "paper venue state has version " + std::to_string(version) +
        ", this build reads 1 to 3: start from a fresh data folder or use the newer build");
  }
  loaded.LoadBody(reader, version);
  absl::Status status = reader.status();
  if (status.ok() && !loaded.Consistent()) {
    status = absl::DataLossError(
        "paper venue state names an order twice or an unknown instrument: restore an older "
        "snapshot");
  }
  if (!status.ok()) {
    Clear();
    return status;
  }
  Swap(loaded);
  return absl::OkStatus();
}

void PaperVenue::LoadBody(wire::CanonicalReader& reader, uint8_t version) {
  now_ = reader.Time();
  requests_ = reader.U64();
  last_order_ = reader.U64();
  last_trade_ = reader.U64();
  for (uint32_t n = LoadCount(reader); n > 0 && reader.ok(); --n) {
    market::Instrument instrument = wire::LoadInstrument(reader);
    Market& market = markets_[instrument.id];
    market.instrument = std::move(instrument);
    LoadBook(reader, market.book);
    market.valid = reader.Bool();
    market.last_trade = LoadPrice(reader);
    for (uint32_t m = LoadCount(reader); m > 0 && reader.ok(); --m) {
      const Side side = LoadEnum<Side>(reader);
      const Price price = LoadPrice(reader);
      LevelMemory& memory = market.memory[{side, price}];
      memory.taken = LoadQuantity(reader);
      memory.traded = LoadQuantity(reader);
      if (version < 2) continue;
      memory.gone = LoadQuantity(reader);
      memory.credit = LoadQuantity(reader);
    }
  }
  for (uint32_t n = LoadCount(reader); n > 0 && reader.ok(); --n) {
    Working& working = orders_[reader.U64()];
    working.status = LoadStatus(reader, version);
    working.resting = reader.Bool();
    working.triggered = reader.Bool();
    working.queue_unknown = reader.Bool();
    working.credit = LoadQuantity(reader);
  }
  for (uint32_t n = LoadCount(reader); n > 0 && reader.ok(); --n) {
    const base::Time deadline = reader.Time();
    const uint64_t created = reader.U64();
    Arrival& arrival = arrivals_[{deadline, created}];
    arrival.kind = static_cast<Arrival::Kind>(reader.U8());
    arrival.order = LoadOrder(reader, version);
  }
  for (uint32_t n = LoadCount(reader); n > 0 && reader.ok(); --n) {
    const OrderNumber number = reader.U64();
    closed_queue_.emplace_back(number, reader.Text<market::ClientOrderId>());
  }
  for (uint32_t n = LoadCount(reader); n > 0 && reader.ok(); --n) {
    const OrderNumber number = reader.U64();
    PaperOrderStatus status = LoadStatus(reader, version);
    const market::ClientOrderId id = status.order.client_order_id;
    closed_[id] = {number, std::move(status)};
  }
  for (uint32_t n = LoadCount(reader); n > 0 && reader.ok(); --n)
    events_.push_back(LoadEvent(reader));
}

// Builds what is derived from the orders; false when they contradict each other.
bool PaperVenue::Consistent() {
  for (const auto& [number, working] : orders_) {
    const PaperOrder& order = working.status.order;
    const auto market = markets_.find(order.instrument);
    if (market == markets_.end() || number > last_order_) return false;
    if (!open_by_id_.emplace(order.client_order_id, number).second) return false;
    market->second.open.insert(number);
    if (order.time_in_force == market::TimeInForce::kGtd) expiries_.emplace(order.expires, number);
  }
  return true;
}

void PaperVenue::Clear() {
  PaperVenue empty(options_);
  Swap(empty);
}

void PaperVenue::Swap(PaperVenue& other) {
  std::swap(now_, other.now_);
  std::swap(requests_, other.requests_);
  std::swap(last_order_, other.last_order_);
  std::swap(last_trade_, other.last_trade_);
  markets_.swap(other.markets_);
  arrivals_.swap(other.arrivals_);
  orders_.swap(other.orders_);
  open_by_id_.swap(other.open_by_id_);
  expiries_.swap(other.expiries_);
  closed_.swap(other.closed_);
  closed_queue_.swap(other.closed_queue_);
  events_.swap(other.events_);
}

}  // namespace gannet::matching
