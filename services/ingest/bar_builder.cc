#include "services/ingest/bar_builder.h"

#include <algorithm>

namespace gannet::ingest {

using market::Bar;

void BarBuilder::Begin(base::Time minute) {
  bar_ = Bar{};
  bar_->open_time = minute;
  bar_->interval = kBarInterval;
  spoilt_ = false;
}

void BarBuilder::Close(std::vector<Bar>& out) {
  Bar bar = *bar_;
  if (bar.trades == 0 && last_close_) bar.open = bar.high = bar.low = bar.close = *last_close_;
  if (spoilt_ || (bar.trades == 0 && !last_close_)) {
    ++incomplete_;
  } else {
    bar.closed = true;
    out.push_back(bar);
  }
  if (bar.trades > 0) last_close_ = bar.close;
}

// Ends the present minute and the silent ones after it, up to `minute`, which begins.
void BarBuilder::CloseUntil(base::Time minute, std::vector<Bar>& out) {
  int flat = 0;
  while (bar_->open_time < minute) {
    Close(out);
    const base::Time next = bar_->open_time + kBarInterval;
    if (++flat > kMaxFlatBars) {
      Begin(minute);
      spoilt_ = true;
      return;
    }
    Begin(next);
  }
}

std::vector<Bar> BarBuilder::OnTrade(base::Time trade_time, market::Price price,
                                     market::Quantity quantity, uint64_t trades) {
  std::vector<Bar> out;
  const base::Time minute = MinuteOf(trade_time);
  if (!bar_) {
    Begin(minute);
    spoilt_ = true;  // we came in the middle of it
  }
  if (minute < bar_->open_time) {
    ++late_trades_;
    return out;
  }
  CloseUntil(minute, out);
  if (bar_->trades == 0) bar_->open = bar_->high = bar_->low = price;
  bar_->high = std::max(bar_->high, price);
  bar_->low = std::min(bar_->low, price);
  bar_->close = price;
  bar_->trades += trades;
  int64_t volume = 0;
  if (__builtin_add_overflow(bar_->volume.mantissa, quantity.mantissa, &volume)) {
    spoilt_ = true;
  } else {
    bar_->volume.mantissa = volume;
  }
  return out;
}

std::vector<Bar> BarBuilder::OnTime(base::Time now) {
  std::vector<Bar> out;
  if (bar_ && now >= bar_->open_time + kBarInterval + kBarGrace)
    CloseUntil(MinuteOf(now - kBarGrace), out);
  return out;
}

void BarBuilder::OnGap() { spoilt_ = true; }

void BarBuilder::Restart() {
  bar_.reset();
  last_close_.reset();
  spoilt_ = false;
}

}  // namespace gannet::ingest
