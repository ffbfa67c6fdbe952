#include "services/risk/portfolio_engine.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/market/names.h"

namespace gannet::risk {
namespace {

using market::Int128;
using market::Rounding;
using market::TradingState;

constexpr char kSampleNote[] = "portfolio-sample";
constexpr uint8_t kStateVersion = 1;
constexpr Int128 kLargestMantissa = 1'000'000'000'000'000;  // exact as a double
constexpr Int128 kHundredth = 1'000'000;                    // in units of Value
static_assert(kValueScale == 8);

double ToDouble(Value value) { return static_cast<double>(value) * 1e-8; }

int64_t IntervalOf(base::Time at, base::Duration interval) {
  return at.time_since_epoch() / interval;
}

std::string Percent(int64_t ppm) { return FormatLimit(ppm); }

}  // namespace

double PortfolioEngine::Price::value() const {
  double power = 1;  // exact up to 10^22
  for (int i = std::abs(exponent); i > 0; --i) power *= 10;
  return exponent < 0 ? static_cast<double>(mantissa) / power
                      : static_cast<double>(mantissa) * power;
}

// The mid price in the valuation asset, 15 digits of it: exact but for the last. Nothing
// when it is older than an interval.
std::optional<PortfolioEngine::Price> PortfolioEngine::PriceOf(const InstrumentRow& row,
                                                               base::Time now) const {
  if (now - row.data_time > settings().interval) return std::nullopt;
  Int128 mantissa = row.mid.mantissa;
  int exponent = -row.definition.price_scale;
  if (row.conversion == Conversion::kByPrice) {
    const InstrumentRow& rate = risk_.book().instrument(row.rate);
    mantissa *= rate.mid.mantissa;
    exponent -= rate.definition.price_scale;
  }
  if (mantissa <= 0 || row.conversion == Conversion::kImpossible) return std::nullopt;
  for (; mantissa > kLargestMantissa; mantissa /= 10) ++exponent;
  return Price{static_cast<int64_t>(mantissa), static_cast<int8_t>(exponent)};
}

// --- prices ----------------------------------------------------------------------

void PortfolioEngine::OnTimer(base::Time now) {
  if (!on()) return;
  const ExposureBook& book = risk_.book();
  depths_.resize(names_.size());
  for (size_t i = 0; i < names_.size(); ++i) {
    const Index at = book.FindInstrument(market::InstrumentId(names_[i]));
    if (at == kNone || !PriceOf(book.instrument(at), now)) continue;
    const InstrumentRow& row = book.instrument(at);
    const int64_t most = std::numeric_limits<int64_t>::max() / 2;
    const market::Quantity resting{std::min(row.bid_size, most) + std::min(row.ask_size, most)};
    const auto notional = row.definition.Notional(row.mid, resting, Rounding::kDown);
    const auto value =
        notional ? book.ValueOf(notional->units(), row, Rounding::kDown) : std::nullopt;
    if (!value || *value / kHundredth > kLargestMantissa) continue;
    depths_[i].sum += *value / kHundredth;
    ++depths_[i].count;
  }
}

int64_t PortfolioEngine::MeanDepth(const std::string& name) const {
  const auto place = places_.find(name);
  if (place == places_.end() || place->second >= depths_.size()) return 0;
  const Depth& depth = depths_[place->second];
  return depth.count == 0 ? 0 : static_cast<int64_t>(depth.sum / depth.count);
}

std::optional<wire::EngineNote> PortfolioEngine::DecideSample(base::Time now) const {
  if (!on()) return std::nullopt;
  const base::Duration interval = settings().interval;
  if (!history_.empty() && IntervalOf(history_.back().at, interval) >= IntervalOf(now, interval))
    return std::nullopt;
  std::map<std::string, Cell> cells;
  size_t room = settings().instruments - std::min<size_t>(settings().instruments, names_.size());
  uint32_t left_out = 0;
  // Where room is short what is held comes first, in the places of others if need be.
  std::vector<std::string> idle = IdleNames();
  std::map<std::string, std::string> replaced;  // by the name before
  const auto add = [&](const InstrumentRow& row, bool held) {
    const std::string& name = row.definition.id.text();
    const auto price = PriceOf(row, now);
    if (!price || cells.contains(name)) return;
    if (!places_.contains(name) || replaced.contains(name)) {
      if (room > 0) {
        --room;
      } else if (held && !idle.empty()) {
        replaced[idle.back()] = name;
        idle.pop_back();
      } else {
        ++left_out;
        return;
      }
    }
    cells[name] = {*price, MeanDepth(name)};
  };
  for (const InstrumentRow& row : risk_.book().instruments()) {
    if (Held(row)) add(row, true);
  }
  left_out = 0;
  for (const InstrumentRow& row : risk_.book().instruments()) add(row, false);
  if (cells.empty()) return std::nullopt;
  wire::CanonicalWriter out;
  out.Time(now);
  out.U32(left_out);
  out.U32(static_cast<uint32_t>(cells.size()));
  for (const auto& [name, cell] : cells) {
    out.Bytes(name);
    out.I64(cell.price.mantissa);
    out.U8(static_cast<uint8_t>(cell.price.exponent));
    out.I64(cell.depth);
  }
  out.U32(static_cast<uint32_t>(replaced.size()));
  for (const auto& [before, name] : replaced) {
    out.Bytes(before);
    out.Bytes(name);
  }
  return wire::EngineNote{
      .engine = std::string(kEngineName), .kind = kSampleNote, .body = out.Take()};
}

void PortfolioEngine::Apply(const wire::EngineNote& note) {
  if (note.engine != kEngineName || note.kind != kSampleNote || !on()) return;
  wire::CanonicalReader in(note.body);
  const base::Time at = in.Time();
  const uint32_t left_out = in.U32();
  const uint32_t count = in.U32();
  std::map<std::string, Cell> cells;
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    Cell& cell = cells[in.Bytes()];
    cell.price.mantissa = in.I64();
    cell.price.exponent = static_cast<int8_t>(in.U8());
    cell.depth = in.I64();
  }
  std::map<std::string, std::string> replaced;
  // Notes of earlier builds end here.
  for (uint32_t left = in.done() ? 0 : in.U32(); left > 0 && in.ok(); --left) {
    const std::string before = in.Bytes();
    replaced[before] = in.Bytes();
  }
  if (!in.ok()) return;
  left_out_ = left_out;
  for (const auto& [before, name] : replaced) Replace(before, name);
  Add(at, cells);
}

bool PortfolioEngine::Held(const InstrumentRow& row) const {
  return risk_.book().HeldValue(row) != Value{0};
}

// Names with a place that are not held, the one without a price for longest last.
std::vector<std::string> PortfolioEngine::IdleNames() const {
  std::vector<std::pair<size_t, size_t>> idle;  // observations since its newest price, place
  for (size_t place = 0; place < names_.size(); ++place) {
    const Index at = risk_.book().FindInstrument(market::InstrumentId(names_[place]));
    if (at != kNone && Held(risk_.book().instrument(at))) continue;
    const auto priced = std::find_if(history_.rbegin(), history_.rend(), [place](const auto& seen) {
      return place < seen.cells.size() && seen.cells[place].price.mantissa > 0;
    });
    idle.emplace_back(priced - history_.rbegin(), place);
  }
  std::sort(idle.begin(), idle.end());
  std::vector<std::string> names;
  for (const auto& [since, place] : idle) names.push_back(names_[place]);
  return names;
}

// The place of one for another, whose prices begin there.
void PortfolioEngine::Replace(const std::string& before, const std::string& name) {
  const auto known = places_.find(before);
  if (known == places_.end() || places_.contains(name)) return;
  const size_t place = known->second;
  places_.erase(known);
  places_[name] = place;
  names_[place] = name;
  for (Observation& seen : history_) {
    if (place < seen.cells.size()) seen.cells[place] = {};
  }
}

size_t PortfolioEngine::PlaceOf(const std::string& name) {
  const auto [place, added] = places_.try_emplace(name, names_.size());
  if (added) names_.push_back(name);
  return place->second;
}

void PortfolioEngine::Add(base::Time at, const std::map<std::string, Cell>& cells) {
  Observation newest{at, {}};
  for (const auto& [name, cell] : cells) {
    const size_t place = PlaceOf(name);
    if (newest.cells.size() <= place) newest.cells.resize(place + 1);
    newest.cells[place] = cell;
  }
  history_.push_back(std::move(newest));
  while (history_.size() > settings().observations) history_.pop_front();
  depths_.clear();
}

// --- figures ---------------------------------------------------------------------

PortfolioInputs PortfolioEngine::Inputs(base::Time now) const {
  const ExposureBook& book = risk_.book();
  PortfolioInputs out;
  out.at = now;
  if (!on()) return out;
  out.settings = settings();
  out.names = names_;
  out.base.resize(names_.size());
  out.values.resize(names_.size());
  if (const auto& capital = risk_.limits().firm.capital) out.capital = ToDouble(*capital);
  for (const InstrumentRow& row : book.instruments()) {
    const auto known = places_.find(row.definition.id.text());
    const auto value = book.HeldValue(row);
    if (!value) {
      ++out.uncovered;
    } else if (known != places_.end()) {
      out.base[known->second] = row.definition.base;
      out.values[known->second] = ToDouble(*value);
    } else if (*value != 0) {  // for want of room: without prices
      out.names.push_back(row.definition.id.text());
      out.base.push_back(row.definition.base);
      out.values.push_back(ToDouble(*value));
    }
    const bool pegged = risk_.limits().at_par.contains(row.definition.base) &&
                        row.definition.quote == risk_.limits().valuation_asset;
    if (!pegged || row.mid.mantissa <= 0) continue;
    const double off = std::abs(
        static_cast<double>(row.mid.mantissa) * std::pow(10.0, -row.definition.price_scale) - 1);
    if (out.furthest.empty() || off > out.furthest_from_par) {
      out.furthest = row.definition.id.text();
      out.furthest_from_par = off;
    }
  }
  for (const Observation& seen : history_) {
    auto& to = out.observations.emplace_back();
    to.at = seen.at;
    to.prices.resize(out.names.size());
    to.depths.resize(out.names.size());
    for (size_t i = 0; i < seen.cells.size(); ++i) {
      to.prices[i] = seen.cells[i].price.value();
      to.depths[i] = static_cast<double>(seen.cells[i].depth);
    }
  }
  return out;
}

std::vector<PortfolioEngine::Breach> PortfolioEngine::BreachesOf(
    const PortfolioFigures& figures) const {
  std::vector<Breach> breaches;
  if (!on()) return breaches;
  const Limits& limits = risk_.limits().firm;
  uint32_t bit = 1;
  const auto amount = [&](const std::optional<Value>& value, const std::optional<Value>& limit,
                          const std::string& what, const char* name) {
    if (value && limit && *value > *limit) {
      breaches.push_back({bit, TradingState::kReducing,
                          absl::StrCat(what, " ", FormatValue(*value), " above ", name, " ",
                                       FormatValue(*limit))});
    }
    bit <<= 1;
  };
  const auto ratio = [&](const std::optional<int64_t>& value, const std::optional<int64_t>& limit,
                         const std::string& what, const char* name) {
    if (value && limit && *value > *limit) {
      breaches.push_back(
          {bit, TradingState::kReducing,
           absl::StrCat(what, " ", Percent(*value), " above ", name, " ", Percent(*limit))});
    }
    bit <<= 1;
  };
  using Risk = PortfolioFigures::Risk;
  amount(figures.worst(&Risk::var), limits.max_var, "VaR", "max_var");
  amount(figures.worst(&Risk::es), limits.max_expected_shortfall, "expected shortfall",
         "max_expected_shortfall");
  const auto worst =
      std::max_element(figures.stress.begin(), figures.stress.end(),
                       [](const auto& a, const auto& b) { return a.worst_loss < b.worst_loss; });
  const bool stressed = worst != figures.stress.end();
  amount(stressed ? std::optional(worst->worst_loss) : std::nullopt, limits.max_stress_loss,
         stressed ? absl::StrCat("loss in ", worst->name) : "", "max_stress_loss");
  ratio(figures.volatility_ppm, limits.target_volatility_ppm, "volatility a year",
        "target_volatility");
  ratio(figures.largest_share_ppm, limits.max_risk_share_ppm,
        absl::StrCat("part of the risk in ", figures.largest), "max_risk_share");
  const AlarmSettings& alarm = settings().alarm;
  if (figures.signals_up() >= alarm.signals) {
    std::vector<std::string> up;
    for (size_t i = 0; i < kSignals; ++i) {
      const auto& reading = figures.signals[i];
      if (!reading.up) continue;
      up.push_back(absl::StrCat(std::string(Name(static_cast<Signal>(i))), " ",
                                Percent(reading.value_ppm.value_or(0)), " (", reading.detail, ")"));
    }
    breaches.push_back({bit, alarm.state, absl::StrCat("alarm: ", absl::StrJoin(up, ", "))});
  }
  return breaches;
}

std::vector<std::string> PortfolioEngine::Broken(const PortfolioFigures& figures) const {
  std::vector<std::string> texts;
  for (Breach& breach : BreachesOf(figures)) texts.push_back(std::move(breach.text));
  return texts;
}

std::optional<market::RiskState> PortfolioEngine::Decide(const PortfolioFigures& figures) const {
  const Index firm = risk_.book().FindScope(market::ScopeKind::kFirm, "");
  const ScopeRow& row = risk_.book().scope(firm);
  market::RiskState state = risk_.StateOf(row);
  std::vector<std::string> reasons;
  for (const Breach& breach : BreachesOf(figures)) {
    if ((raised_ & breach.bit) != 0 || breach.state <= row.state) continue;
    state.state = std::max(state.state, breach.state);
    reasons.push_back(breach.text);
  }
  if (reasons.empty()) return std::nullopt;
  state.reason = absl::StrCat("portfolio: ", absl::StrJoin(reasons, "; "));
  return state;
}

void PortfolioEngine::Apply(PortfolioFigures figures) {
  raised_ = 0;
  for (const Breach& breach : BreachesOf(figures)) raised_ |= breach.bit;
  figures_ = std::move(figures);
}

// --- saved state -----------------------------------------------------------------

void PortfolioEngine::Save(wire::CanonicalWriter& out) const {
  out.U8(kStateVersion);
  out.U32(left_out_);
  out.U32(static_cast<uint32_t>(names_.size()));
  for (const std::string& name : names_) out.Bytes(name);
  out.U32(static_cast<uint32_t>(history_.size()));
  for (const Observation& seen : history_) {
    out.Time(seen.at);
    out.U32(static_cast<uint32_t>(seen.cells.size()));
    for (const Cell& cell : seen.cells) {
      out.I64(cell.price.mantissa);
      out.U8(static_cast<uint8_t>(cell.price.exponent));
      out.I64(cell.depth);
    }
  }
  out.U32(raised_);
  out.Bytes(figures_ ? Encode(*figures_) : "");
}

absl::Status PortfolioEngine::Load(wire::CanonicalReader& in) {
  const uint8_t version = in.U8();
  if (in.ok() && version != kStateVersion) {
    return absl::FailedPreconditionError(absl::StrCat("portfolio state of format ", version,
                                                      ", this build reads ", kStateVersion,
                                                      "; use the build that wrote it"));
  }
  names_.clear();
  places_.clear();
  history_.clear();
  depths_.clear();
  figures_.reset();
  left_out_ = in.U32();
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) PlaceOf(in.Bytes());
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    Observation& seen = history_.emplace_back();
    seen.at = in.Time();
    const uint32_t cells = in.U32();
    for (uint32_t c = 0; c < cells && in.ok(); ++c) {
      Cell& cell = seen.cells.emplace_back();
      cell.price.mantissa = in.I64();
      cell.price.exponent = static_cast<int8_t>(in.U8());
      cell.depth = in.I64();
    }
    if (in.ok() && seen.cells.size() > names_.size())
      return absl::DataLossError("portfolio state: more prices than names; use another snapshot");
  }
  raised_ = in.U32();
  const std::string figures = in.Bytes();
  if (!in.ok()) return in.status();
  if (figures.empty()) return absl::OkStatus();
  auto decoded = DecodePortfolioFigures(figures);
  if (!decoded.ok()) return decoded.status();
  figures_ = *std::move(decoded);
  return absl::OkStatus();
}

}  // namespace gannet::risk
