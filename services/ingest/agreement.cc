#include "services/ingest/agreement.h"

#include <algorithm>

namespace gannet::ingest {

void AgreementCheck::Compare(const TopOfBook& top) {
  const auto after =
      std::upper_bound(tickers_.begin(), tickers_.end(), top.update_id,
                       [](uint64_t id, const TopOfBook& ticker) { return id < ticker.update_id; });
  if (after == tickers_.begin()) {
    ++not_compared_;
    return;
  }
  const TopOfBook ticker = *(after - 1);
  tickers_.erase(tickers_.begin(), after - 1);
  ++compared_;
  if (ticker.bid == top.bid && ticker.ask == top.ask) {
    ++agreed_;
  } else if (disagreements_.size() < kMaxKeptDisagreements) {
    disagreements_.push_back({top, ticker});
  }
}

void AgreementCheck::OnTicker(const TopOfBook& ticker) {
  if (!tickers_.empty() && ticker.update_id < tickers_.back().update_id) {
    ++out_of_order_;
    return;
  }
  tickers_.push_back(ticker);
  while (!waiting_.empty() && waiting_.front().update_id < ticker.update_id) {
    Compare(waiting_.front());
    waiting_.pop_front();
  }
  if (tickers_.size() > kMaxKeptTickers) tickers_.pop_front();
}

void AgreementCheck::OnBook(const TopOfBook& top) {
  if (!tickers_.empty() && tickers_.back().update_id > top.update_id) return Compare(top);
  if (waiting_.size() >= kMaxWaitingTops) {
    ++not_compared_;
    return;
  }
  waiting_.push_back(top);
}

void AgreementCheck::Finish() {
  for (const TopOfBook& top : waiting_) Compare(top);
  waiting_.clear();
}

void AgreementCheck::Restart() {
  Finish();
  tickers_.clear();
}

}  // namespace gannet::ingest
