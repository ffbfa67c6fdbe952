// Streaming features of one instrument's order book and trades, sampled on a
// fixed grid of engine time. The same code serves decisions and training, so a
// model sees in production what it was trained on.
//
// Only what was received up to the sample enters it: no row changes when more
// data is appended (tested). Arithmetic is + - * / and square root, which IEEE 754
// fixes, and every value is quantised, so rows are bit-equal across compilers.
//
// Not thread-safe; one object an instrument; bounded memory.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/digest.h"
#include "libs/base/time.h"
#include "libs/market/book.h"
#include "libs/market/market_data.h"

namespace gannet::signal {

struct FeatureInfo {
  std::string_view name;
  std::string_view unit;
  base::Duration window;  // of the past that the value looks at; 0: the moment
  std::string_view meaning;
};

// In the order of FeatureRow::values.
std::span<const FeatureInfo> BookFeatures();
// SHA-256 over names, units and windows: a model is bound to the schema it was
// trained on.
base::Sha256Digest BookFeatureSchema();

inline constexpr size_t kBookFeatureCount = 11;
inline constexpr double kFeatureQuantum = 1e-6;

struct FeatureRow {
  base::Time time;  // knowledge time: nothing received later is in the row
  std::array<double, kBookFeatureCount> values{};  // multiples of kFeatureQuantum
  double mid = 0;                                  // quote units; for labels, not a feature
  double spread = 0;
};
// SHA-256 of the quantised values.
base::Sha256Digest HashOf(const FeatureRow& row);

class BookFeatureEngine {
 public:
  static constexpr base::Duration kSampleInterval = std::chrono::seconds(1);
  static constexpr base::Duration kWarmUp = std::chrono::seconds(30);

  // Events of one instrument in the order received; `now` is engine time.
  void OnBook(const market::BookUpdate& update, base::Time now);
  void OnTrade(const market::Trade& trade, base::Time now);

  // The row as of `now`, a point of the grid. Call once a grid point, in order:
  // past mids are kept by sample. Nothing while warming up or while the book is
  // not VALID with both sides.
  std::optional<FeatureRow> Sample(base::Time now);

  bool book_valid() const { return valid_; }

 private:
  struct SignedTrade {
    base::Time time;
    double signed_quantity;
  };
  // Traded quantity within a moving window.
  struct Flow {
    base::Duration window;
    std::deque<SignedTrade> trades;
    void Add(const SignedTrade& trade) { trades.push_back(trade); }
    void Expire(base::Time now);
    double Imbalance() const;  // (bought − sold) / (bought + sold); 0 when nothing
    double count() const { return static_cast<double>(trades.size()); }
  };
  static constexpr size_t kMaxTradesInWindow = 50'000;

  void Reset();
  double Imbalance(size_t levels) const;
  double Return(size_t samples_back) const;  // of the mid, basis points
  void UpdateVolatility(double mid);

  market::Book book_;
  bool valid_ = false;
  Flow short_flow_{std::chrono::seconds(5), {}};
  Flow long_flow_{std::chrono::seconds(30), {}};
  std::deque<double> mids_;  // newest first, one a grid point while valid
  double variance_ = 0;      // EWMA of squared 1 s returns, basis points squared
  std::optional<base::Time> valid_since_;
};

}  // namespace gannet::signal
