#include "services/gateway/live_stream.h"

#include <algorithm>
#include <vector>

#include "libs/base/concat.h"
#include "libs/market/names.h"
#include "services/gateway/view_rows.h"

namespace gannet::gateway {
namespace {

constexpr size_t kTradesShown = 60;
constexpr size_t kBarsSent = 3;  // the newest: an older one does not change
constexpr std::string_view kTables[] = {"markets",   "feeds",    "signals", "orders",  "fills",
                                        "positions", "balances", "risk",    "denials", "proposals"};

std::string PositionKey(const View::PositionKey& key) {
  return std::get<0>(key).text() + "|" + std::get<1>(key).text() + "|" + std::get<2>(key).text();
}
std::string BalanceKey(const market::BalanceUpdate& b) {
  return b.account.text() + "|" + b.venue + "|" + b.asset.text();
}
std::string ScopeKey(const market::Scope& scope) {
  return std::string(market::Name(scope.kind)) + "|" + scope.name;
}

template <class Rows>
const typename Rows::value_type* FindId(const Rows& rows, const std::string& key) {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const auto& row) { return IdText(row.id) == key; });
  return found == rows.end() ? nullptr : &*found;
}

std::string Quoted(const std::string& text) { return Text(Json(text)); }

std::string Totals(const View& view) {
  return Text(Json{{"profit", ProfitRows(view)}, {"counters", CountersRow(view)}});
}

}  // namespace

LiveStream::LiveStream(const View& view, const ChartData& charts, std::string epoch,
                       std::function<std::string()> platform)
    : view_(view), charts_(charts), epoch_(std::move(epoch)), platform_(std::move(platform)) {}

void LiveStream::MarkId(const char* table, const market::EventId& id) { Mark(table, IdText(id)); }

void LiveStream::Moved(const market::InstrumentId& id) {
  Mark("markets", id.text());
  moved_.insert(id);
}

void LiveStream::Touch(const market::Event<market::Trade>& e) {
  Mark("markets", e.value.instrument.text());
  dirty_charts_.insert(e.value.instrument.text());
}
void LiveStream::Touch(const market::Event<market::BookUpdate>& e) {
  dirty_charts_.insert(e.value.instrument.text());
}
void LiveStream::Touch(const market::Event<market::MarketStatus>& e) {
  if (e.value.instrument.empty()) return Mark("feeds", e.value.feed);
  Mark("markets", e.value.instrument.text());
}
void LiveStream::Touch(const market::Event<market::Prediction>& e) {
  Mark("markets", e.value.instrument.text());
}
// It says more of an order that was heard of before.
void LiveStream::Touch(const market::Event<market::OrderIntent>& e) {
  if (view_.open_orders().contains(e.value.client_order_id))
    Mark("orders", e.value.client_order_id.text());
}
void LiveStream::Touch(const market::Event<market::RiskDecision>& e) {
  if (!e.value.permitted) MarkId("denials", e.header.id);
}
void LiveStream::Touch(const market::Event<market::ExecReport>& e) {
  Mark("orders", e.value.client_order_id.text());
  if (e.value.fill) MarkId("fills", e.header.id);
}
void LiveStream::Touch(const market::Event<market::PositionUpdate>& e) {
  const View::PositionKey id{e.value.account, e.value.strategy, e.value.instrument};
  dirty_positions_.insert_or_assign(PositionKey(id), id);
}
void LiveStream::Touch(const market::Event<market::BalanceUpdate>& e) {
  Mark("balances", BalanceKey(e.value));
}
void LiveStream::Touch(const market::Event<market::RiskState>& e) {
  Mark("risk", ScopeKey(e.value.scope));
}

// All of them: one decided makes others stale.
void LiveStream::Touch(const market::Event<market::LimitEvent>&) {
  for (const auto& [number, proposal] : view_.limits().proposals())
    Mark("proposals", std::to_string(number));
}

std::string LiveStream::Row(const std::string& table, const std::string& key,
                            base::Time now) const {
  if (const auto extra = extras_.find(table); extra != extras_.end()) return extra->second.row(key);
  if (table == "markets") {
    const auto found = view_.markets().find(market::InstrumentId(key));
    if (found != view_.markets().end())
      return Text(MarketRow(view_, found->first, found->second, now));
  } else if (table == "feeds") {
    const auto found = view_.feeds().find(key);
    if (found != view_.feeds().end()) return Text(FeedRow(key, found->second, now));
  } else if (table == "signals") {
    if (const auto* signal = FindId(view_.signals(), key)) return Text(SignalRow(*signal));
  } else if (table == "orders") {
    if (const auto* order = view_.FindOrder(market::ClientOrderId(key)))
      return Text(OrderRow(view_, *order));
  } else if (table == "fills") {
    if (const auto* fill = FindId(view_.fills(), key)) return Text(FillRow(view_, *fill));
  } else if (table == "denials") {
    if (const auto* denial = FindId(view_.denials(), key)) return Text(DenialRow(view_, *denial));
  } else if (table == "balances") {
    for (const auto& [id, balance] : view_.balances()) {
      if (BalanceKey(balance) == key) return Text(BalanceRow(balance));
    }
  } else if (table == "proposals") {
    for (const auto& [number, proposal] : view_.limits().proposals()) {
      if (std::to_string(number) == key) return Text(ProposalRow(view_.limits(), proposal));
    }
  } else if (table == "risk") {
    for (const auto& [scope, state] : view_.risk_states()) {
      if (ScopeKey(scope) == key) return Text(RiskRow(scope, state));
    }
  }
  return "null";
}

void LiveStream::ForEachRow(base::Time now,
                            const std::function<void(const char* table, const std::string& key,
                                                     const std::string& row)>& visit) const {
  for (const auto& [id, market] : view_.markets())
    visit("markets", id.text(), Text(MarketRow(view_, id, market, now)));
  for (const auto& [name, feed] : view_.feeds())
    visit("feeds", name, Text(FeedRow(name, feed, now)));
  for (const auto& signal : view_.signals())
    visit("signals", IdText(signal.id), Text(SignalRow(signal)));
  for (const auto& [id, order] : view_.open_orders())
    visit("orders", id.text(), Text(OrderRow(view_, order)));
  for (const auto& order : view_.closed_orders())
    visit("orders", order.report.client_order_id.text(), Text(OrderRow(view_, order)));
  for (const auto& fill : view_.fills())
    visit("fills", IdText(fill.id), Text(FillRow(view_, fill)));
  for (const auto& denial : view_.denials())
    visit("denials", IdText(denial.id), Text(DenialRow(view_, denial)));
  for (const auto& [id, position] : view_.positions())
    visit("positions", PositionKey(id), Text(PositionRow(view_, position)));
  for (const auto& [id, balance] : view_.balances())
    visit("balances", BalanceKey(balance), Text(BalanceRow(balance)));
  for (const auto& [scope, state] : view_.risk_states())
    visit("risk", ScopeKey(scope), Text(RiskRow(scope, state)));
  for (const auto& [number, proposal] : view_.limits().proposals())
    visit("proposals", std::to_string(number), Text(ProposalRow(view_.limits(), proposal)));
  for (const auto& [name, extra] : extras_) {
    extra.each([&visit, table = name.c_str()](const std::string& key, const std::string& row) {
      visit(table, key, row);
    });
  }
}

std::string LiveStream::Snapshot(base::Time now) const {
  std::map<std::string, std::string> tables;
  for (const std::string_view name : kTables) tables[std::string(name)];
  for (const auto& [name, extra] : extras_) tables[name];
  ForEachRow(now, [&](const char* table, const std::string& key, const std::string& row) {
    std::string& rows = tables[table];
    rows += (rows.empty() ? "" : ",") + Quoted(key) + ":" + row;
  });
  std::string out = base::Concat(
      {"{\"type\":\"snapshot\",\"epoch\":\"", epoch_, "\",\"seq\":", std::to_string(sequence_),
       ",\"t\":", std::to_string(base::UnixMillis(now)), ",\"platform\":", platform_(),
       ",\"totals\":", Totals(view_), ",\"rows\":{"});
  bool first = true;
  for (const auto& [name, rows] : tables) {
    out += base::Concat({first ? "" : ",", "\"", name, "\":{", rows, "}"});
    first = false;
  }
  return out + "}}";
}

std::optional<LiveStream::ViewerId> LiveStream::Join(std::shared_ptr<net::WebSocket> socket,
                                                     Watcher watcher) {
  if (viewers_.size() >= kMaxViewers) {
    ++stats_.refused;
    return std::nullopt;
  }
  Viewer viewer;
  viewer.socket = std::move(socket);
  viewer.watcher = std::move(watcher);
  viewers_.emplace(++next_viewer_, std::move(viewer));
  return next_viewer_;
}

bool LiveStream::Send(Viewer& viewer, const std::string& text) {
  if (viewer.socket->Send(text)) return true;
  ++stats_.cut_off;
  viewer.open = false;
  viewer.socket->Close();
  return false;
}

void LiveStream::SendAll(const std::string& text) {
  for (auto& [id, viewer] : viewers_) {
    if (viewer.open) Send(viewer, text);
  }
}

void LiveStream::Open(ViewerId id, std::string_view epoch, std::optional<uint64_t> after,
                      base::Time now) {
  const auto found = viewers_.find(id);
  if (found == viewers_.end()) return;
  Viewer& viewer = found->second;
  viewer.open = true;
  const bool resumes =
      after && epoch == epoch_ && *after <= sequence_ &&
      (*after == sequence_ || (!frames_.empty() && frames_.front().first <= *after + 1));
  if (!resumes) {
    ++stats_.snapshots;
    Send(viewer, Snapshot(now));
    return;
  }
  ++stats_.resumed;
  if (!Send(viewer, base::Concat({"{\"type\":\"resumed\",\"seq\":", std::to_string(*after),
                                  ",\"t\":", std::to_string(base::UnixMillis(now)), "}"}))) {
    return;
  }
  for (const auto& [sequence, frame] : frames_) {
    if (sequence > *after && !Send(viewer, frame)) return;
  }
}

void LiveStream::Message(ViewerId id, std::string_view text, base::Time now) {
  const auto found = viewers_.find(id);
  if (found == viewers_.end() || !found->second.open) return;
  Viewer& viewer = found->second;
  const auto json = Json::parse(text, nullptr, false);
  const bool fine = text.size() <= kMaxMessageBytes && json.is_object() && json.size() == 1 &&
                    json.contains("focus") && json["focus"].is_string();
  if (!fine) {
    ++stats_.cut_off;
    viewer.open = false;
    viewer.socket->Close();
    return;
  }
  viewer.focus = json["focus"].get<std::string>();
  viewer.focus_fresh = true;
  viewer.focus_trades = 0;
  SendFocus(viewer, now);
}

void LiveStream::SendFocus(Viewer& viewer, base::Time now) {
  const market::InstrumentId id(viewer.focus);
  const ChartData::Chart* chart = charts_.Find(id);
  if (chart == nullptr) return;
  const market::Instrument* definition = view_.Definition(id, chart->version);
  if (definition == nullptr) return;
  Json json{{"type", "chart"},
            {"instrument", id.text()},
            {"t", base::UnixMillis(now)},
            {"fresh", viewer.focus_fresh},
            {"book_state", market::Name(chart->book_state)},
            {"book_age_ms", base::UnixMillis(now) - base::UnixMillis(chart->book_time)}};
  for (const auto side : {market::Side::kBuy, market::Side::kSell}) {
    Json levels = Json::array();
    for (size_t i = 0; i < std::min(kDepth, chart->book.depth(side)); ++i) {
      const market::Level level = chart->book.level(side, i);
      levels.push_back({definition->Format(level.price), definition->Format(level.quantity)});
    }
    json[side == market::Side::kBuy ? "bids" : "asks"] = std::move(levels);
  }
  Json trades = Json::array();
  for (const auto& trade : chart->trades) {
    if (trade.number <= viewer.focus_trades || trades.size() >= kTradesShown) break;
    trades.push_back({trade.number, base::UnixMillis(trade.time), definition->Format(trade.price),
                      definition->Format(trade.quantity), market::Name(trade.aggressor)});
  }
  json["trades"] = std::move(trades);
  Json bars = Json::array();
  const size_t count = chart->seconds.recent().size();
  for (size_t i = count - std::min(kBarsSent, count); i < count; ++i) {
    const ChartData::Bar& bar = chart->seconds.recent()[i];
    bars.push_back({bar.start_s, definition->Format(bar.open), definition->Format(bar.high),
                    definition->Format(bar.low), definition->Format(bar.close),
                    definition->Format(market::Quantity{bar.volume})});
  }
  json["bars"] = std::move(bars);
  viewer.focus_trades = chart->trade_count;
  viewer.focus_fresh = false;
  Send(viewer, Text(json));
}

void LiveStream::Close(ViewerId id) {
  const auto found = viewers_.find(id);
  if (found == viewers_.end()) return;
  found->second.open = false;
  found->second.socket->Close();
}

void LiveStream::CloseAll() {
  for (auto& [id, viewer] : viewers_) {
    viewer.open = false;
    viewer.socket->Close();
  }
}

// What is held is worth something else when only its market has moved.
void LiveStream::Revalue(base::Time now) {
  if (moved_.empty() || now - revalued_ < kRevalued) return;
  for (const auto& [id, position] : view_.positions()) {
    if (position.value.net.mantissa != 0 && moved_.contains(std::get<2>(id)))
      dirty_positions_.insert_or_assign(PositionKey(id), id);
  }
  moved_.clear();
  revalued_ = now;
}

// The number goes on, so that nobody resumes over what was not made.
void LiveStream::Forget() {
  ++sequence_;
  dirty_.clear();
  dirty_positions_.clear();
  moved_.clear();
  dirty_charts_.clear();
  frames_.clear();
  frame_bytes_ = 0;
}

void LiveStream::Tick(base::Time now) {
  if (!viewers_.empty()) watched_ = now;
  if (now - watched_ > kMadeForNobody) return Forget();
  std::string platform = platform_();
  std::string totals = Totals(view_);
  std::string parts;
  if (platform != last_platform_) parts += ",\"platform\":" + platform;
  if (totals != last_totals_) parts += ",\"totals\":" + totals;
  last_platform_ = std::move(platform);
  last_totals_ = std::move(totals);
  Revalue(now);
  std::string tables, rows;
  const auto add_row = [&rows](const std::string& key, const std::string& row) {
    rows += (rows.empty() ? "" : ",") + Quoted(key) + ":" + row;
  };
  const auto add_table = [&](const std::string& table) {
    tables += base::Concat({tables.empty() ? "" : ",", "\"", table, "\":{", rows, "}"});
    rows.clear();
  };
  for (const auto& [table, keys] : dirty_) {
    for (const std::string& key : keys) add_row(key, Row(table, key, now));
    add_table(table);
  }
  dirty_.clear();
  for (const auto& [key, id] : dirty_positions_) {
    const auto found = view_.positions().find(id);
    add_row(key,
            found == view_.positions().end() ? "null" : Text(PositionRow(view_, found->second)));
  }
  if (!dirty_positions_.empty()) add_table("positions");
  dirty_positions_.clear();
  const std::string time = std::to_string(base::UnixMillis(now));
  if (!tables.empty() || !parts.empty()) {
    ++sequence_;
    ++stats_.frames;
    std::string frame = base::Concat({"{\"type\":\"frame\",\"seq\":", std::to_string(sequence_),
                                      ",\"t\":", time, parts, ",\"rows\":{", tables, "}}"});
    SendAll(frame);
    frame_bytes_ += frame.size();
    frames_.emplace_back(sequence_, std::move(frame));
    while (frames_.size() > kKeptFrames || frame_bytes_ > kKeptFrameBytes) {
      frame_bytes_ -= frames_.front().second.size();
      frames_.pop_front();
    }
    last_sent_ = now;
  } else if (now - last_sent_ >= kHeartbeat) {
    SendAll(base::Concat(
        {"{\"type\":\"beat\",\"seq\":", std::to_string(sequence_), ",\"t\":", time, "}"}));
    last_sent_ = now;
  }
  for (auto& [id, viewer] : viewers_) {
    if (viewer.open && !viewer.focus.empty() &&
        (viewer.focus_fresh || dirty_charts_.contains(viewer.focus))) {
      SendFocus(viewer, now);
    }
  }
  dirty_charts_.clear();
}

}  // namespace gannet::gateway
