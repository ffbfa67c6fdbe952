#include "libs/venue/binance/exchange_info.h"

#include <algorithm>
#include <numeric>

#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/venue/json_fields.h"

namespace gannet::venue::binance {
namespace {

using base::Concat;
using market::Instrument;
using market::Rounding;
using simdjson::dom::array;
using simdjson::dom::object;

constexpr size_t kMaxSymbols = 100'000;
constexpr int kDefaultMoneyScale = 8;

struct Multipliers {
  std::string_view up, down;  // empty: none stated
};

// The filters of one symbol that say something about numbers; absent ones are "0",
// which is also how the venue writes a rule that is switched off.
struct Filters {
  std::string_view tick_size = "0", max_price = "0";
  std::string_view step_size = "0", min_quantity = "0", max_quantity = "0";
  std::string_view market_step = "0", market_least = "0", market_most = "0";
  std::string_view min_notional = "0", max_notional = "0";
  bool least_at_market = true, most_at_market = true;  // whether these bind market orders
  Multipliers buy, sell;
};

// Of one side each on spot; on futures a buy is bounded above alone, and a sell below.
void ReadPercentPrice(const object& filter, bool by_side, bool spot, Filters& out,
                      FieldErrors& errors) {
  static constexpr std::array<std::string_view, 6> kNames = {
      "multiplierUp",      "multiplierDown",  "bidMultiplierUp",
      "bidMultiplierDown", "askMultiplierUp", "askMultiplierDown"};
  NamedFields fields(filter, kNames, errors);
  if (by_side) {
    out.buy = {fields.Text(2), fields.Text(3)};
    out.sell = {fields.Text(4), fields.Text(5)};
  } else if (spot) {
    out.buy = out.sell = {fields.Text(0), fields.Text(1)};
  } else {
    out.buy.up = fields.Text(0);
    out.sell.down = fields.Text(1);
  }
}

void ReadFilter(const object& filter, bool spot, Filters& out, FieldErrors& errors) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "filterType",    "tickSize",         "maxPrice",    "stepSize",
      "minQty",        "maxQty",           "notional",    "minNotional",
      "applyToMarket", "applyMinToMarket", "maxNotional", "applyMaxToMarket"};
  NamedFields fields(filter, kNames, errors);
  const std::string_view type = fields.Text(0);
  if (type == "PRICE_FILTER") {
    out.tick_size = fields.Text(1);
    out.max_price = fields.Text(2);
  } else if (type == "LOT_SIZE") {
    out.step_size = fields.Text(3);
    out.min_quantity = fields.Text(4);
    out.max_quantity = fields.Text(5);
  } else if (type == "MARKET_LOT_SIZE") {
    out.market_step = fields.Text(3);
    out.market_least = fields.Text(4);
    out.market_most = fields.Text(5);
  } else if (type == "MIN_NOTIONAL") {
    out.min_notional = fields.Text(fields.has(6) ? 6 : 7);  // "notional" on futures
    if (fields.has(8)) out.least_at_market = AsBool(*fields.at(8), "applyToMarket", errors);
  } else if (type == "NOTIONAL") {
    out.min_notional = fields.Text(7);
    if (fields.has(9)) out.least_at_market = AsBool(*fields.at(9), "applyMinToMarket", errors);
    if (fields.has(10)) out.max_notional = fields.Text(10);
    if (fields.has(11)) out.most_at_market = AsBool(*fields.at(11), "applyMaxToMarket", errors);
  } else if (type == "PERCENT_PRICE") {
    ReadPercentPrice(filter, false, spot, out, errors);
  } else if (type == "PERCENT_PRICE_BY_SIDE") {
    ReadPercentPrice(filter, true, spot, out, errors);
  }
}

Filters ReadFilters(std::optional<Element> element, bool spot, FieldErrors& errors) {
  Filters out;
  array list;
  if (!element || element->get(list) != simdjson::SUCCESS) {
    errors.Add("filters", "must be a list");
    return out;
  }
  for (const Element item : list) {
    object filter;
    if (item.get(filter) != simdjson::SUCCESS) {
      errors.Add("filters", "must hold objects");
      return out;
    }
    ReadFilter(filter, spot, out, errors);
  }
  return out;
}

market::InstrumentStatus StatusOf(std::string_view status) {
  if (status == "TRADING") return market::InstrumentStatus::kTrading;
  if (status == "CANCEL_ONLY") return market::InstrumentStatus::kCancelOnly;
  if (status == "CLOSE" || status == "DELIVERED") return market::InstrumentStatus::kDelisted;
  return market::InstrumentStatus::kHalted;  // BREAK, HALT, AUCTION_MATCH, PENDING_TRADING,
                                             // SETTLING, …
}

market::InstrumentKind KindOf(Product product, std::string_view contract_type) {
  if (product == Product::kSpot) return market::InstrumentKind::kSpot;
  return contract_type.find("PERPETUAL") != std::string_view::npos
             ? market::InstrumentKind::kPerpetual
             : market::InstrumentKind::kFuture;
}

int MoneyScale(std::optional<Element> precision) {
  uint64_t scale = kDefaultMoneyScale;
  if (!precision || precision->get(scale) != simdjson::SUCCESS) return kDefaultMoneyScale;
  return static_cast<int>(std::min<uint64_t>(scale, market::kMaxScale));
}

// "1.15" is a band of 150,000 ppm above; "0.85" one of 150,000 ppm below.
int64_t BandPpm(std::string_view multiplier, bool up, std::string_view field, FieldErrors& errors) {
  if (multiplier.empty()) return 0;
  constexpr int64_t kOne = 1'000'000;
  const std::optional<int64_t> ppm = market::ParseDecimal(multiplier, 6);
  if (!ppm || *ppm < 0) {
    errors.Add(field, "must be a decimal with at most 6 digits, not negative");
    return 0;
  }
  return std::max<int64_t>(up ? *ppm - kOne : kOne - *ppm, 0);
}

market::PriceBand BandOf(const Multipliers& multipliers, FieldErrors& errors) {
  return {BandPpm(multipliers.up, true, "multiplierUp", errors),
          BandPpm(multipliers.down, false, "multiplierDown", errors)};
}

// A market order is held to MARKET_LOT_SIZE and to LOT_SIZE, which is that of every order; what
// the first says beyond the second is kept.
void ApplyMarketLotSize(const Filters& filters, Instrument& out, FieldErrors& errors) {
  const auto read = [&](std::string_view text, Rounding rounding, std::string_view field) {
    const auto value = ParseBound(text, out.quantity_scale, rounding);
    const bool fits = value && *value <= INT64_MAX;
    if (!fits)
      errors.Add("MARKET_LOT_SIZE",
                 Concat({field, " must be a decimal within 64 bits, not negative"}));
    return market::Quantity{fits ? static_cast<int64_t>(*value) : 0};
  };
  const auto step = read(filters.market_step, Rounding::kCeiling, "stepSize");
  const auto least = read(filters.market_least, Rounding::kCeiling, "minQty");
  const auto most = read(filters.market_most, Rounding::kFloor, "maxQty");
  if (step.mantissa > 0 && out.lot.mantissa % step.mantissa != 0) {
    const int64_t both = std::gcd(step.mantissa, out.lot.mantissa);
    if (__builtin_mul_overflow(step.mantissa / both, out.lot.mantissa, &out.market_lot.mantissa))
      errors.Add("MARKET_LOT_SIZE", "no quantity of 64 bits is on its step and on LOT_SIZE's");
  }
  if (least > out.min_quantity) out.min_market_quantity = least;
  if (most.mantissa > 0 && (out.max_quantity.mantissa == 0 || most < out.max_quantity))
    out.max_market_quantity = most;
}

void ApplyFilters(const Filters& filters, Instrument& out, FieldErrors& errors) {
  const std::optional<int> price_scale = ChooseScale(filters.max_price, filters.tick_size);
  if (!price_scale)
    return errors.Add("PRICE_FILTER", "maxPrice and tickSize fit no scale in 64 bits");
  const std::optional<int> quantity_scale = ChooseScale(filters.max_quantity, filters.step_size);
  if (!quantity_scale) return errors.Add("LOT_SIZE", "maxQty and stepSize fit no scale in 64 bits");
  out.price_scale = *price_scale;
  out.quantity_scale = *quantity_scale;
  const auto price = out.ParsePrice(filters.tick_size);
  const auto step = out.ParseQuantity(filters.step_size);
  const auto least = out.ParseQuantity(filters.min_quantity);
  const auto most = out.ParseQuantity(filters.max_quantity);
  if (!price || price->mantissa < 0)
    return errors.Add("tickSize", "must be a decimal, not negative");
  if (!step || step->mantissa < 0) return errors.Add("stepSize", "must be a decimal, not negative");
  if (!least || least->mantissa < 0)
    return errors.Add("minQty", "must be a decimal within the scale, not negative");
  if (!most || most->mantissa < 0)
    return errors.Add("maxQty", "must be a decimal within the scale, not negative");
  // A rule that the venue states as switched off allows every step of the scale.
  out.tick = price->mantissa == 0 ? market::Price{1} : *price;
  out.lot = step->mantissa == 0 ? market::Quantity{1} : *step;
  out.min_quantity = *least;
  out.max_quantity = *most;
  ApplyMarketLotSize(filters, out, errors);
  const auto notional = market::ParseDecimal128(filters.min_notional, out.quote_scale);
  if (!notional || *notional < 0)
    return errors.Add("minNotional", "must be a decimal within the quote scale, not negative");
  out.min_notional = market::Money(*notional, out.quote_scale);
  out.min_notional_limit_only = !filters.least_at_market;
  const auto worth = ParseBound(filters.max_notional, out.quote_scale, Rounding::kFloor);
  if (!worth) return errors.Add("maxNotional", "must be a decimal, not negative");
  out.max_notional = market::Money(*worth, out.quote_scale);
  out.max_notional_limit_only = *worth > 0 && !filters.most_at_market;
  out.buy_band = BandOf(filters.buy, errors);
  out.sell_band = BandOf(filters.sell, errors);
}

absl::StatusOr<Instrument> ReadSymbol(const object& symbol, Product product,
                                      std::string_view venue) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "symbol",        "status",         "baseAsset", "quoteAsset",         "marginAsset",
      "contractType",  "contractStatus", "filters",   "baseAssetPrecision", "quoteAssetPrecision",
      "quotePrecision"};
  enum {
    kSymbol,
    kStatus,
    kBase,
    kQuote,
    kMargin,
    kContractType,
    kContractStatus,
    kFilters,
    kBasePrecision,
    kQuotePrecision,
    kOldQuotePrecision
  };
  FieldErrors errors;
  NamedFields fields(symbol, kNames, errors);
  Instrument out;
  const std::string_view name = fields.Text(kSymbol);
  if (errors.ok() && (name.empty() || name.size() > 64 || name.find(':') != std::string_view::npos))
    errors.Add("symbol", "is not a symbol");
  out.id = market::InstrumentId(Concat({venue, ":", name}));
  out.status = StatusOf(fields.Text(product == Product::kCoinm ? kContractStatus : kStatus));
  out.kind =
      KindOf(product, product == Product::kSpot ? std::string_view() : fields.Text(kContractType));
  out.base = market::AssetId(std::string(fields.Text(kBase)));
  out.quote = market::AssetId(std::string(fields.Text(kQuote)));
  out.settle =
      product == Product::kSpot ? out.quote : market::AssetId(std::string(fields.Text(kMargin)));
  out.base_scale = MoneyScale(fields.at(kBasePrecision));
  out.quote_scale =
      MoneyScale(fields.at(fields.has(kQuotePrecision) ? kQuotePrecision : kOldQuotePrecision));
  const Filters filters = ReadFilters(fields.at(kFilters), product == Product::kSpot, errors);
  if (errors.ok()) ApplyFilters(filters, out, errors);
  if (!errors.ok()) return base::Annotate(errors.status(), name.substr(0, 64));
  // A COIN-M contract is worth a fixed sum of the quote asset whatever the price:
  // its notional is no product of price and quantity. Without a lot it is read-only.
  if (product == Product::kCoinm) out.lot = market::Quantity{0};
  return out;
}

uint64_t WeightLimit(std::optional<Element> element) {
  array list;
  if (!element || element->get(list) != simdjson::SUCCESS) return 0;
  for (const Element item : list) {
    std::string_view type, interval;
    uint64_t count = 0, limit = 0;
    if (item["rateLimitType"].get(type) == simdjson::SUCCESS && type == "REQUEST_WEIGHT" &&
        item["interval"].get(interval) == simdjson::SUCCESS && interval == "MINUTE" &&
        item["intervalNum"].get(count) == simdjson::SUCCESS && count == 1 &&
        item["limit"].get(limit) == simdjson::SUCCESS) {
      return limit;
    }
  }
  return 0;
}

}  // namespace

absl::StatusOr<ExchangeInfo> ReadExchangeInfo(const object& root, Product product,
                                              std::string_view venue) {
  static constexpr std::array<std::string_view, 2> kNames = {"symbols", "rateLimits"};
  FieldErrors errors;
  NamedFields fields(root, kNames, errors);
  array symbols;
  if (!fields.has(0) || fields.at(0)->get(symbols) != simdjson::SUCCESS)
    errors.Add("symbols", "must be a list");
  if (errors.ok() && symbols.size() > kMaxSymbols) errors.Add("symbols", "is longer than we read");
  if (!errors.ok()) return base::Annotate(errors.status(), "exchangeInfo");
  ExchangeInfo info;
  info.request_weight_limit = WeightLimit(fields.at(1));
  for (const Element item : symbols) {
    object symbol;
    if (item.get(symbol) != simdjson::SUCCESS) {
      Reject(info, "a symbol that is no object");
      continue;
    }
    absl::StatusOr<Instrument> instrument = ReadSymbol(symbol, product, venue);
    if (instrument.ok()) {
      info.instruments.push_back(*std::move(instrument));
    } else {
      Reject(info, std::string(instrument.status().message()));
    }
  }
  GANNET_RETURN_IF_ERROR(base::Annotate(SortById(info), "exchangeInfo"));
  return info;
}

}  // namespace gannet::venue::binance
