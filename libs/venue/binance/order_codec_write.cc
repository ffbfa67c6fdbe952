#include <array>
#include <charconv>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/venue/binance/order_codec.h"

namespace gannet::venue::binance {
namespace {

constexpr char kHexDigits[] = "0123456789ABCDEF";

constexpr std::array<bool, 256> kUnreserved = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = true;
  for (const char c : {'-', '.', '_', '~'}) table[static_cast<size_t>(c)] = true;
  return table;
}();

absl::Status NotOffered(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("Binance spot offers no ", std::string(what), "; send another order type"));
}

// The value of timeInForce, or nothing where Binance takes none.
absl::StatusOr<std::string_view> TimeInForceOf(market::TimeInForce time_in_force) {
  switch (time_in_force) {
    case market::TimeInForce::kGtc:
      return std::string_view("GTC");
    case market::TimeInForce::kIoc:
      return std::string_view("IOC");
    case market::TimeInForce::kFok:
      return std::string_view("FOK");
    case market::TimeInForce::kGtd:
      return NotOffered("time in force good-till-date");
    case market::TimeInForce::kPostOnly:
      return NotOffered("post-only order of this type");
  }
  return NotOffered("such time in force");
}

// Market orders and their stop variants execute at once and carry no time in
// force; FOK or post-only of them would be dropped in silence, so it is refused.
absl::Status CheckNoTimeInForce(market::TimeInForce time_in_force) {
  if (time_in_force == market::TimeInForce::kGtc || time_in_force == market::TimeInForce::kIoc)
    return absl::OkStatus();
  return NotOffered("market order with that time in force");
}

}  // namespace

void AppendPercentEncoded(std::string& out, std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<uint8_t>(c);
    if (kUnreserved[byte]) {
      out += c;
    } else {
      const char escaped[3] = {'%', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
      out.append(escaped, 3);
    }
  }
}

void AppendDecimal(std::string& out, int64_t mantissa, int scale) {
  char digits[24];
  uint64_t magnitude =
      mantissa < 0 ? 0 - static_cast<uint64_t>(mantissa) : static_cast<uint64_t>(mantissa);
  while (scale > 0 && magnitude % 10 == 0) {  // shortest form; 0 ends at scale 0
    magnitude /= 10;
    --scale;
  }
  const auto end = std::to_chars(digits, digits + sizeof digits, magnitude).ptr;
  const auto count = static_cast<int>(end - digits);
  if (mantissa < 0) out += '-';
  if (scale == 0) {
    out.append(digits, end);
  } else if (count > scale) {
    out.append(digits, end - scale);
    out += '.';
    out.append(end - scale, end);
  } else {
    out += "0.";
    out.append(static_cast<size_t>(scale - count), '0');
    out.append(digits, end);
  }
}

QueryWriter::QueryWriter(std::string& out, std::string_view path) : out_(out) {
  out_.reserve(512);  // one allocation for any order
  out_.append(path);
  out_ += '?';
  start_ = out_.size();
}

void QueryWriter::Name(std::string_view name) {
  if (out_.size() != start_) out_ += '&';
  out_.append(name);
  out_ += '=';
}

void QueryWriter::Add(std::string_view name, std::string_view value) {
  Name(name);
  AppendPercentEncoded(out_, value);
}

void QueryWriter::AddPlain(std::string_view name, std::string_view value) {
  Name(name);
  out_.append(value);
}

void QueryWriter::AddDecimal(std::string_view name, int64_t mantissa, int scale) {
  Name(name);
  AppendDecimal(out_, mantissa, scale);
}

void QueryWriter::AddNumber(std::string_view name, int64_t value) {
  Name(name);
  char digits[24];
  out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void QueryWriter::Sign(const base::HmacSha256Key& key) {
  const base::Sha256Digest digest = key.Sign(std::string_view(out_).substr(start_));
  char text[64];
  for (size_t i = 0; i < digest.size(); ++i) {
    text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
    text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
  }
  Name("signature");
  out_.append(text, sizeof text);
}

absl::Status AddOrderParameters(QueryWriter& query, const market::OrderIntent& intent,
                                market::Quantity quantity, const market::Instrument& instrument) {
  using market::OrderType;
  const bool post_only = intent.time_in_force == market::TimeInForce::kPostOnly;
  std::string_view type;
  bool limited = false, stopped = false;
  switch (intent.type) {
    case OrderType::kMarket:
      type = "MARKET";
      break;
    case OrderType::kLimit:
      type = post_only ? "LIMIT_MAKER" : "LIMIT";
      limited = true;
      break;
    case OrderType::kStop:
      type = "STOP_LOSS";
      stopped = true;
      break;
    case OrderType::kStopLimit:
      type = "STOP_LOSS_LIMIT";
      limited = stopped = true;
      break;
    case OrderType::kTakeProfit:
      type = "TAKE_PROFIT";
      stopped = true;
      break;
    case OrderType::kTakeProfitLimit:
      type = "TAKE_PROFIT_LIMIT";
      limited = stopped = true;
      break;
    case OrderType::kTrailingStop:
      return NotOffered("trailing stop through this program");
  }
  if (type.empty()) return NotOffered("such order type");

  query.AddPlain("side", intent.side == market::Side::kBuy ? "BUY" : "SELL");
  query.AddPlain("type", type);
  if (limited && !(post_only && !stopped)) {
    GANNET_ASSIGN_OR_RETURN(const std::string_view time_in_force,
                            TimeInForceOf(intent.time_in_force));
    query.AddPlain("timeInForce", time_in_force);
  } else if (!limited) {
    GANNET_RETURN_IF_ERROR(CheckNoTimeInForce(intent.time_in_force));
  }
  query.AddDecimal("quantity", quantity.mantissa, instrument.quantity_scale);
  if (limited) query.AddDecimal("price", intent.price.mantissa, instrument.price_scale);
  if (stopped) query.AddDecimal("stopPrice", intent.stop_price.mantissa, instrument.price_scale);
  return absl::OkStatus();
}

}  // namespace gannet::venue::binance
