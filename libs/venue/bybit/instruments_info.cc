#include "libs/venue/bybit/instruments_info.h"

#include <algorithm>
#include <array>

#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/venue/json_fields.h"

namespace gannet::venue::bybit {
namespace {

using base::Concat;
using market::Instrument;
using simdjson::dom::array;
using simdjson::dom::object;

constexpr size_t kMaxSymbols = 100'000;
constexpr int kLeastMoneyScale = 8;

// What the filters of one symbol say about numbers; "0" where they say nothing.
struct Rules {
  std::string_view tick = "0", max_price = "0";
  std::string_view step = "0", least = "0", most = "0";
  std::string_view most_at_market = "0";
  std::string_view min_notional = "0";
  std::string_view quote_step;  // of amounts in the quote asset; empty: not stated
};

object Member(std::optional<Element> element, std::string_view field, FieldErrors& errors) {
  object out;
  if (!element || element->get(out) != simdjson::SUCCESS) errors.Add(field, "must be an object");
  return out;
}

Rules ReadRules(const object& price_filter, const object& lot_filter, bool spot,
                FieldErrors& errors) {
  static constexpr std::array<std::string_view, 2> kPriceNames = {"tickSize", "maxPrice"};
  static constexpr std::array<std::string_view, 10> kLotNames = {
      "basePrecision",     "qtyStep",        "minOrderQty", "maxLimitOrderQty", "maxOrderQty",
      "maxMarketOrderQty", "maxMktOrderQty", "minOrderAmt", "minNotionalValue", "quotePrecision"};
  enum {
    kBaseStep,
    kStep,
    kLeast,
    kMostLimit,
    kMost,
    kMostMarket,
    kMostMkt,
    kMinAmount,
    kMinNotional,
    kQuoteStep
  };
  NamedFields price(price_filter, kPriceNames, errors);
  NamedFields lot(lot_filter, kLotNames, errors);
  Rules rules;
  rules.tick = price.Text(0);
  if (price.has(1)) rules.max_price = price.Text(1);  // spot states none
  rules.step = lot.Text(spot ? kBaseStep : kStep);
  // On spot the venue no longer looks at the smallest quantity and may cease to state it.
  if (lot.has(kLeast)) rules.least = lot.Text(kLeast);
  rules.most = lot.Text(lot.has(kMostLimit) ? kMostLimit : kMost);
  const size_t market = spot ? kMostMarket : kMostMkt;
  if (lot.has(market)) rules.most_at_market = lot.Text(market);
  // Of maxOrderAmt the venue says that it no longer looks at it.
  const size_t notional = spot ? kMinAmount : kMinNotional;
  if (lot.has(notional)) rules.min_notional = lot.Text(notional);
  if (lot.has(kQuoteStep)) rules.quote_step = lot.Text(kQuoteStep);
  return rules;
}

// It goes back into the next request as it came.
bool IsCursor(std::string_view text) {
  constexpr size_t kLongest = 1000;
  return text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("%-_.~,:=").find(c) != std::string_view::npos;
         });
}

// Digits after the point of "0.0000001".
int DigitsOf(std::string_view step) {
  const size_t point = step.find('.');
  const size_t digits = point == std::string_view::npos ? 0 : step.size() - point - 1;
  return static_cast<int>(std::min<size_t>(digits, market::kMaxScale));
}

void Apply(const Rules& rules, Instrument& out, FieldErrors& errors) {
  const auto price_scale = ChooseScale(rules.max_price, rules.tick);
  if (!price_scale) return errors.Add("priceFilter", "its numbers fit no scale in 64 bits");
  const auto quantity_scale = ChooseScale(rules.most, rules.step);
  if (!quantity_scale) return errors.Add("lotSizeFilter", "its numbers fit no scale in 64 bits");
  out.price_scale = *price_scale;
  out.quantity_scale = *quantity_scale;
  out.quote_scale = std::max(kLeastMoneyScale, DigitsOf(rules.quote_step));
  const auto tick = out.ParsePrice(rules.tick);
  const auto lot = out.ParseQuantity(rules.step), least = out.ParseQuantity(rules.least),
             most = out.ParseQuantity(rules.most);
  if (!tick || tick->mantissa <= 0) return errors.Add("tickSize", "must be a positive decimal");
  if (!lot || lot->mantissa <= 0) return errors.Add("qtyStep", "must be a positive decimal");
  if (!least || least->mantissa < 0)
    return errors.Add("minOrderQty", "must be a decimal within the scale, not negative");
  if (!most || most->mantissa < 0)
    return errors.Add("maxOrderQty", "must be a decimal within the scale, not negative");
  const auto most_at_market =
      ParseBound(rules.most_at_market, out.quantity_scale, market::Rounding::kFloor);
  if (!most_at_market || *most_at_market > INT64_MAX)
    return errors.Add("maxMarketOrderQty", "must be a decimal within 64 bits, not negative");
  const auto notional = market::ParseDecimal128(rules.min_notional, out.quote_scale);
  if (!notional || *notional < 0)
    return errors.Add("minOrderAmt", "must be a decimal within the quote scale, not negative");
  out.tick = *tick;
  out.lot = *lot;
  out.min_quantity = *least;
  out.max_quantity = *most;
  out.max_market_quantity = {static_cast<int64_t>(*most_at_market)};
  out.min_notional = market::Money(*notional, out.quote_scale);
  // priceLimitRatioX and Y are of a formula over index and mark price, which is no band
  // around one price: none is stated.
}

market::InstrumentStatus StatusOf(std::string_view status) {
  if (status == "Trading") return market::InstrumentStatus::kTrading;
  if (status == "Closed") return market::InstrumentStatus::kDelisted;
  return market::InstrumentStatus::kHalted;  // PreLaunch, Delivering
}

market::InstrumentKind KindOf(Category category, std::string_view contract, FieldErrors& errors) {
  if (category == Category::kSpot) return market::InstrumentKind::kSpot;
  if (contract == "LinearPerpetual") return market::InstrumentKind::kPerpetual;
  if (contract != "LinearFutures") errors.Add("contractType", "is no linear contract");
  return market::InstrumentKind::kFuture;
}

absl::StatusOr<Instrument> ReadSymbol(const object& symbol, Category category,
                                      std::string_view venue) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "symbol",     "status",       "baseCoin",    "quoteCoin",
      "settleCoin", "contractType", "priceFilter", "lotSizeFilter"};
  enum { kSymbol, kStatus, kBase, kQuote, kSettle, kContract, kPrices, kLots };
  const bool spot = category == Category::kSpot;
  FieldErrors errors;
  NamedFields fields(symbol, kNames, errors);
  Instrument out;
  const std::string_view name = fields.Text(kSymbol);
  if (errors.ok() && !IsSymbol(name)) errors.Add("symbol", "is not a symbol");
  out.id = market::InstrumentId(Concat({venue, ":", name}));
  out.status = StatusOf(fields.Text(kStatus));
  out.kind = KindOf(category, spot ? std::string_view() : fields.Text(kContract), errors);
  out.base = market::AssetId(std::string(fields.Text(kBase)));
  out.quote = market::AssetId(std::string(fields.Text(kQuote)));
  out.settle = spot ? out.quote : market::AssetId(std::string(fields.Text(kSettle)));
  const object prices = Member(fields.at(kPrices), "priceFilter", errors);
  const object lots = Member(fields.at(kLots), "lotSizeFilter", errors);
  if (errors.ok()) {
    const Rules rules = ReadRules(prices, lots, spot, errors);
    if (errors.ok()) Apply(rules, out, errors);
  }
  if (!errors.ok()) return base::Annotate(errors.status(), name.substr(0, 64));
  return out;
}

}  // namespace

absl::StatusOr<ExchangeInfo> ReadInstrumentsInfo(const object& root, Category category,
                                                 std::string_view venue) {
  static constexpr std::array<std::string_view, 3> kNames = {"retCode", "retMsg", "result"};
  static constexpr std::array<std::string_view, 3> kResultNames = {"category", "list",
                                                                   "nextPageCursor"};
  constexpr std::string_view kWhat = "instruments-info";
  FieldErrors errors;
  NamedFields envelope(root, kNames, errors);
  int64_t code = -1;
  if (!envelope.has(0) || envelope.at(0)->get(code) != simdjson::SUCCESS)
    errors.Add("retCode", "must be a whole number");
  if (errors.ok() && code != 0) {
    const std::string_view words = envelope.has(1) ? envelope.Text(1) : std::string_view();
    errors.Add("retCode", Concat({"the venue answered ", std::to_string(code), ": ", words}));
  }
  if (!errors.ok()) return base::Annotate(errors.status(), kWhat);
  const object answer = Member(envelope.at(2), "result", errors);
  if (!errors.ok()) return base::Annotate(errors.status(), kWhat);
  NamedFields result(answer, kResultNames, errors);
  if (result.Text(0) != CategoryText(category))
    errors.Add("category", Concat({"is not ", CategoryText(category)}));
  array symbols;
  if (!result.has(1) || result.at(1)->get(symbols) != simdjson::SUCCESS)
    errors.Add("list", "must be a list");
  if (errors.ok() && symbols.size() > kMaxSymbols) errors.Add("list", "is longer than we read");
  ExchangeInfo info;
  if (result.has(2)) info.next_page = std::string(result.Text(2));  // spot has one page
  if (!IsCursor(info.next_page)) errors.Add("nextPageCursor", "is no text of a query");
  if (!errors.ok()) return base::Annotate(errors.status(), kWhat);
  for (const Element item : symbols) {
    object symbol;
    if (item.get(symbol) != simdjson::SUCCESS) {
      Reject(info, "a symbol that is no object");
      continue;
    }
    absl::StatusOr<Instrument> instrument = ReadSymbol(symbol, category, venue);
    if (instrument.ok()) {
      info.instruments.push_back(*std::move(instrument));
    } else {
      Reject(info, std::string(instrument.status().message()));
    }
  }
  GANNET_RETURN_IF_ERROR(base::Annotate(SortById(info), kWhat));
  return info;
}

}  // namespace gannet::venue::bybit
