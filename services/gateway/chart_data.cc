#include "services/gateway/chart_data.h"

#include <algorithm>
#include <limits>

namespace gannet::gateway {
namespace {

int64_t Sum(int64_t a, int64_t b) {
  return a > std::numeric_limits<int64_t>::max() - b ? std::numeric_limits<int64_t>::max() : a + b;
}

void Merge(ChartData::Bar& bar, const ChartData::Bar& next) {
  bar.high = std::max(bar.high, next.high);
  bar.low = std::min(bar.low, next.low);
  bar.close = next.close;
  bar.volume = Sum(bar.volume, next.volume);
  bar.trades += next.trades;
}

// Late trades go into the newest bar: bars that were shown do not change.
void Fold(BarLog& bars, Bar bar, int64_t interval_s) {
  bar.start_s -= bar.start_s % interval_s;
  if (!bars.recent().empty() && bar.start_s <= bars.newest().start_s)
    return Merge(bars.newest(), bar);
  bars.Add(bar);
}

}  // namespace

ChartData::Chart* ChartData::Open(const market::InstrumentId& id, uint32_t version) {
  if (!charts_.contains(id) && charts_.size() >= kKeptInstruments) {
    ++refused_;
    return nullptr;
  }
  Chart& chart = charts_[id];
  if (chart.version == version) return &chart;
  if (version < chart.version) return nullptr;  // late
  const uint64_t count = chart.trade_count;
  chart = Chart();  // other scales: what was there cannot be compared
  chart.version = version;
  chart.trade_count = count;
  return &chart;
}

void ChartData::On(const market::Event<market::Trade>& event) {
  const market::Trade& t = event.value;
  Chart* chart = Open(t.instrument, t.instrument_version);
  if (chart == nullptr) return;
  chart->trades.push_front(
      {++chart->trade_count, event.header.event_time, t.price, t.quantity, t.aggressor});
  if (chart->trades.size() > kKeptTrades) chart->trades.pop_back();
  const int64_t second =
      std::chrono::floor<std::chrono::seconds>(event.header.event_time).time_since_epoch().count();
  const Bar bar{second, t.price, t.price, t.price, t.price, t.quantity.mantissa, 1};
  Fold(chart->seconds, bar, 1);
  Fold(chart->minutes, bar, 60);
}

void ChartData::On(const market::Event<market::BookUpdate>& event) {
  const market::BookUpdate& u = event.value;
  Chart* chart = Open(u.instrument, u.instrument_version);
  if (chart == nullptr) return;
  if (u.snapshot || u.state != market::BookState::kValid) chart->book.Clear();
  chart->book_state = u.state;
  chart->book_update = u.last_update_id;
  chart->book_time = event.header.receive_time;
  for (const auto& level : u.bids) chart->book.Set(market::Side::kBuy, level.price, level.quantity);
  for (const auto& level : u.asks)
    chart->book.Set(market::Side::kSell, level.price, level.quantity);
}

const ChartData::Chart* ChartData::Find(const market::InstrumentId& id) const {
  const auto found = charts_.find(id);
  return found == charts_.end() ? nullptr : &found->second;
}

std::vector<ChartData::Bar> ChartData::Bars(const Chart& chart, int64_t interval_s, size_t limit) {
  const BarLog& source = interval_s < 60 ? chart.seconds : chart.minutes;
  std::vector<Bar> folded;
  source.ForEach([&](const Bar& bar) {
    const int64_t start_s = bar.start_s - bar.start_s % interval_s;
    if (!folded.empty() && start_s <= folded.back().start_s) return Merge(folded.back(), bar);
    folded.push_back(bar);
    folded.back().start_s = start_s;
  });
  if (folded.size() > limit)
    folded.erase(folded.begin(), folded.end() - static_cast<ptrdiff_t>(limit));
  return folded;
}

}  // namespace gannet::gateway
