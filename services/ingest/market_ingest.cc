#include "services/ingest/market_ingest.h"

#include <utility>

#include "libs/base/concat.h"
#include "libs/bus/topics.h"
#include "libs/wire/saved.h"
#include "services/ingest/definitions.h"

namespace gannet::ingest {

using market::Header;

namespace {
constexpr char kDefinitionNote[] = "definition", kPauseNote[] = "pause";
}  // namespace

MarketIngest::MarketIngest(runtime::Shard& shard, VenueOptions options)
    : shard_(shard),
      engine_(std::move(options), *this),
      name_(base::Concat({"ingest/", engine_.options().venue})),
      notes_(shard, bus::kJournals, [this](const auto& note) { OnNote(note.value); }) {
  stream_port_ = shard_.AddInput(
      name_ + "/stream",
      [this](std::string_view bytes, const Header& cause) { OnStreamBytes(bytes, cause); });
  http_port_ = shard_.AddInput(
      name_ + "/http",
      [this](std::string_view bytes, const Header& cause) { OnHttpBytes(bytes, cause); });
  shard_.AddState({name_, [this](wire::CanonicalWriter& out) { engine_.Save(out); },
                   [this](wire::CanonicalReader& in) { return engine_.Load(in); }, nullptr});
}

void MarketIngest::Deliver(const wire::StreamEvent& event, base::Time receive_time) {
  shard_.Deliver(stream_port_, wire::EncodeInput(event), receive_time);
}

void MarketIngest::Deliver(const wire::HttpExchange& exchange, base::Time receive_time) {
  shard_.Deliver(http_port_, wire::EncodeInput(exchange), receive_time);
}

void MarketIngest::OnStreamBytes(std::string_view bytes, const Header& cause) {
  ArmTimer();
  const auto event = wire::DecodeStreamEvent(bytes);
  if (event.ok()) {
    engine_.OnStream(*event, cause);
  } else {
    ++undecodable_inputs_;
  }
}

void MarketIngest::OnHttpBytes(std::string_view bytes, const Header& cause) {
  ArmTimer();
  const auto exchange = wire::DecodeHttpExchange(bytes);
  if (!exchange.ok()) {
    ++undecodable_inputs_;
    return;
  }
  const base::Time held_until = engine_.requests_held_until();
  engine_.OnHttp(*exchange, cause);
  if (engine_.requests_held_until() == held_until) return;
  wire::CanonicalWriter body;
  body.Time(engine_.requests_held_until());
  notes_.Emit({name_, kPauseNote, body.Take()}, cause);
}

void MarketIngest::ArmTimer() {
  if (std::exchange(timer_armed_, true)) return;
  shard_.After(kMarketTimer, [this](const Header& cause) {
    timer_armed_ = false;
    engine_.OnTimer(cause);
    ArmTimer();
  });
}

void MarketIngest::OnNote(const wire::EngineNote& note) {
  if (note.engine != name_) return;
  wire::CanonicalReader body(note.body);
  if (note.kind == kDefinitionNote) {
    const market::Instrument definition = wire::LoadInstrument(body);
    if (body.ok()) engine_.Apply(definition);
  } else if (note.kind == kPauseNote) {
    const base::Time until = body.Time();
    if (body.ok()) engine_.HoldRequests(until);
  }
}

void MarketIngest::Publish(market::Instrument value, const Header& header) {
  const market::Instrument* recorded = engine_.Recorded(market::SymbolOf(value.id));
  if (recorded == nullptr || recorded->version != value.version || !SameRules(*recorded, value)) {
    wire::CanonicalWriter body;
    wire::SaveInstrument(body, value);
    notes_.Emit({name_, kDefinitionNote, body.Take()}, header);
  }
  shard_.Publish(bus::kInstruments, std::move(value), header);
}
void MarketIngest::Publish(market::Trade value, const Header& header) {
  shard_.Publish(bus::kTrades, std::move(value), header);
}
void MarketIngest::Publish(market::Quote value, const Header& header) {
  shard_.Publish(bus::kQuotes, std::move(value), header);
}
void MarketIngest::Publish(market::BookUpdate value, const Header& header) {
  shard_.Publish(bus::kBooks, std::move(value), header);
}
void MarketIngest::Publish(market::Bar value, const Header& header) {
  shard_.Publish(bus::kBars, std::move(value), header);
}
void MarketIngest::Publish(market::MarketStatus value, const Header& header) {
  shard_.Publish(bus::kMarketStatus, std::move(value), header);
}

void MarketIngest::WantSnapshot(const std::string& symbol) {
  if (wishes_.snapshot) shard_.AfterDurable([wish = wishes_.snapshot, symbol] { wish(symbol); });
}

void MarketIngest::WantReconnect(const std::string& connection, std::string_view why) {
  if (!wishes_.reconnect) return;
  shard_.AfterDurable([wish = wishes_.reconnect, connection, reason = std::string(why)] {
    wish(connection, reason);
  });
}

void MarketIngest::SubscriptionAnswered(const std::string& connection,
                                        const venue::RequestResult& answer) {
  if (!wishes_.subscription_answered) return;
  shard_.AfterDurable([wish = wishes_.subscription_answered, connection, ok = answer.ok,
                       message = std::string(answer.message)] { wish(connection, ok, message); });
}

absl::Status Deliver(const std::vector<MarketIngest*>& venues, const CaptureLine& line) {
  for (MarketIngest* venue : venues) {
    if (venue->engine().options().venue != line.venue) continue;
    std::visit([&](const auto& input) { venue->Deliver(input, line.receive_time); }, line.input);
    return absl::OkStatus();
  }
  return absl::NotFoundError(base::Concat(
      {"no venue is named ", line.venue, "; give one to the configuration of ingest"}));
}

}  // namespace gannet::ingest
