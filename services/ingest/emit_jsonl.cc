#include "services/ingest/emit_jsonl.h"

#include <string_view>

#include "libs/base/utf8.h"

namespace gannet::ingest {
namespace {

using market::Instrument;

// RFC 8259, section 7.
void AppendString(std::string_view text, std::string& out) {
  if (!base::IsUtf8(text)) return AppendString(base::ReplaceBadUtf8(text), out);
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

// One flat object: members in the order of the calls.
class Line {
 public:
  Line(std::string_view type, const market::Header& header, std::string& out) : out_(out) {
    out_ += "{\"type\":";
    AppendString(type, out_);
    Number("event_time", base::UnixNanos(header.event_time));
    Number("receive_time", base::UnixNanos(header.receive_time));
    Text("source", header.source);
  }
  ~Line() { out_ += "}\n"; }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void Text(std::string_view name, std::string_view value) {
    Name(name);
    AppendString(value, out_);
  }
  void Number(std::string_view name, int64_t value) {
    Name(name);
    out_ += std::to_string(value);
  }
  void Id(std::string_view name, uint64_t value) {
    Name(name);
    out_ += std::to_string(value);
  }
  void Flag(std::string_view name, bool value) {
    Name(name);
    out_ += value ? "true" : "false";
  }
  void Levels(std::string_view name, const Instrument& instrument,
              const std::vector<market::Level>& levels) {
    Name(name);
    out_ += '[';
    for (size_t i = 0; i < levels.size(); ++i) {
      if (i > 0) out_ += ',';
      out_ += '[';
      AppendString(instrument.Format(levels[i].price), out_);
      out_ += ',';
      AppendString(instrument.Format(levels[i].quantity), out_);
      out_ += ']';
    }
    out_ += ']';
  }
  // Price and size of one side; null when the side is empty.
  void Side(std::string_view name, const Instrument& instrument, const market::Level& level) {
    Name(name);
    if (level.quantity.mantissa == 0) {
      out_ += "null";
      return;
    }
    out_ += '[';
    AppendString(instrument.Format(level.price), out_);
    out_ += ',';
    AppendString(instrument.Format(level.quantity), out_);
    out_ += ']';
  }

 private:
  void Name(std::string_view name) {
    out_ += ",\"";
    out_ += name;
    out_ += "\":";
  }
  std::string& out_;
};

std::string_view Name(market::InstrumentKind kind) {
  switch (kind) {
    case market::InstrumentKind::kSpot:
      return "spot";
    case market::InstrumentKind::kPerpetual:
      return "perpetual";
    case market::InstrumentKind::kFuture:
      return "future";
  }
  return "";
}
std::string_view Name(market::InstrumentStatus status) {
  switch (status) {
    case market::InstrumentStatus::kTrading:
      return "trading";
    case market::InstrumentStatus::kHalted:
      return "halted";
    case market::InstrumentStatus::kCancelOnly:
      return "cancel_only";
    case market::InstrumentStatus::kDelisted:
      return "delisted";
  }
  return "";
}
std::string_view Name(market::BookState state) {
  return state == market::BookState::kValid ? "valid" : "invalid";
}
std::string_view Name(market::BookFault fault) {
  switch (fault) {
    case market::BookFault::kNone:
      return "none";
    case market::BookFault::kNoSnapshot:
      return "no_snapshot";
    case market::BookFault::kGap:
      return "gap";
    case market::BookFault::kCrossed:
      return "crossed";
    case market::BookFault::kStale:
      return "stale";
    case market::BookFault::kDisconnected:
      return "disconnected";
    case market::BookFault::kBadData:
      return "bad_data";
  }
  return "";
}
std::string_view Name(market::FeedState state) {
  switch (state) {
    case market::FeedState::kConnected:
      return "connected";
    case market::FeedState::kDisconnected:
      return "disconnected";
    case market::FeedState::kStale:
      return "stale";
  }
  return "";
}

}  // namespace

const Instrument* JsonlEmitter::Find(const market::InstrumentId& id, uint32_t version) {
  const auto found = known_.find(id);
  if (found != known_.end() && found->second.version == version) return &found->second;
  ++not_emitted_;
  return nullptr;
}

void JsonlEmitter::Emit(const market::Event<Instrument>& event, std::string& out) {
  const Instrument& value = event.value;
  known_.insert_or_assign(value.id, value);
  Line line("instrument", event.header, out);
  line.Text("instrument", value.id.text());
  line.Number("version", value.version);
  line.Text("kind", Name(value.kind));
  line.Text("status", Name(value.status));
  line.Text("base", value.base.text());
  line.Text("quote", value.quote.text());
  line.Text("settle", value.settle.text());
  line.Number("price_scale", value.price_scale);
  line.Number("quantity_scale", value.quantity_scale);
  line.Text("tick", value.Format(value.tick));
  line.Text("lot", value.Format(value.lot));
  line.Text("min_quantity", value.Format(value.min_quantity));
  line.Text("max_quantity", value.Format(value.max_quantity));
  line.Text("min_notional", value.min_notional.ToString());
}

void JsonlEmitter::Emit(const market::Event<market::Trade>& event, std::string& out) {
  const market::Trade& value = event.value;
  const Instrument* const instrument = Find(value.instrument, value.instrument_version);
  if (instrument == nullptr) return;
  Line line("trade", event.header, out);
  line.Text("instrument", value.instrument.text());
  line.Id("trade_id", value.trade_id);
  line.Text("price", instrument->Format(value.price));
  line.Text("quantity", instrument->Format(value.quantity));
  line.Text("aggressor", value.aggressor == market::Side::kBuy ? "buy" : "sell");
}

void JsonlEmitter::Emit(const market::Event<market::Quote>& event, std::string& out) {
  const market::Quote& value = event.value;
  const Instrument* const instrument = Find(value.instrument, value.instrument_version);
  if (instrument == nullptr) return;
  Line line("quote", event.header, out);
  line.Text("instrument", value.instrument.text());
  line.Id("update_id", value.update_id);
  line.Side("bid", *instrument, value.bid);
  line.Side("ask", *instrument, value.ask);
}

void JsonlEmitter::Emit(const market::Event<market::BookUpdate>& event, std::string& out) {
  const market::BookUpdate& value = event.value;
  const Instrument* const instrument = Find(value.instrument, value.instrument_version);
  if (instrument == nullptr) return;
  Line line("book", event.header, out);
  line.Text("instrument", value.instrument.text());
  line.Text("state", Name(value.state));
  line.Text("fault", Name(value.fault));
  line.Flag("snapshot", value.snapshot);
  line.Id("first_update_id", value.first_update_id);
  line.Id("last_update_id", value.last_update_id);
  line.Levels("bids", *instrument, value.bids);
  line.Levels("asks", *instrument, value.asks);
}

void JsonlEmitter::Emit(const market::Event<market::Bar>& event, std::string& out) {
  const market::Bar& value = event.value;
  const Instrument* const instrument = Find(value.instrument, value.instrument_version);
  if (instrument == nullptr) return;
  Line line("bar", event.header, out);
  line.Text("instrument", value.instrument.text());
  line.Number("open_time", base::UnixNanos(value.open_time));
  line.Number("interval", value.interval.count());
  line.Text("open", instrument->Format(value.open));
  line.Text("high", instrument->Format(value.high));
  line.Text("low", instrument->Format(value.low));
  line.Text("close", instrument->Format(value.close));
  line.Text("volume", instrument->Format(value.volume));
  line.Id("trades", value.trades);
  line.Flag("closed", value.closed);
}

void JsonlEmitter::Emit(const market::Event<market::MarketStatus>& event, std::string& out) {
  const market::MarketStatus& value = event.value;
  Line line("status", event.header, out);
  line.Text("feed", value.feed);
  line.Text("instrument", value.instrument.text());
  line.Text("feed_state", Name(value.feed_state));
  line.Text("book_state", Name(value.book_state));
  line.Text("fault", Name(value.fault));
  line.Text("detail", value.detail);
}

}  // namespace gannet::ingest
