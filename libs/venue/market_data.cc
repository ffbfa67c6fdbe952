#include "libs/venue/market_data.h"

#include <algorithm>

#include "libs/base/concat.h"

namespace gannet::venue {
namespace {

using base::Concat;
using market::Instrument;

// What is no valid escape stays as it is.
std::string PercentDecode(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

bool IsSymbol(std::string_view text) {
  constexpr size_t kMaxSymbolBytes = 64;
  if (text.empty() || text.size() > kMaxSymbolBytes) return false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f || c == ':' || c == '"' || c == '\\') return false;
  }
  return true;
}

absl::Status LevelsOf(const market::Instrument& instrument, std::string_view side,
                      std::span<const TextLevel> text, std::vector<market::Level>& out) {
  out.reserve(out.size() + text.size());
  for (const TextLevel& level : text) {
    const std::optional<market::Price> price = instrument.ParsePrice(level.price);
    const std::optional<market::Quantity> quantity = instrument.ParseQuantity(level.quantity);
    if (!price || price->mantissa <= 0) {
      return absl::InvalidArgumentError(
          Concat({"field ", side, ": price '", level.price.substr(0, 40), "' is no price of ",
                  instrument.id.text(), " with at most ", std::to_string(instrument.price_scale),
                  " decimals"}));
    }
    if (!quantity || quantity->mantissa < 0) {
      return absl::InvalidArgumentError(
          Concat({"field ", side, ": quantity '", level.quantity.substr(0, 40),
                  "' is no quantity of ", instrument.id.text(), " with at most ",
                  std::to_string(instrument.quantity_scale), " decimals"}));
    }
    out.push_back({*price, *quantity});
  }
  return absl::OkStatus();
}

std::optional<int> ChooseScale(std::string_view largest, std::string_view step) {
  constexpr int kLargestScale = 8;
  constexpr market::Int128 kRoom = 900'000'000'000'000'000;
  const std::optional<market::Int128> value = market::ParseDecimal128(largest, market::kMaxScale);
  if (!value || *value < 0) return std::nullopt;
  for (int scale = kLargestScale; scale >= 0; --scale) {
    const market::Int128 unit = market::PowerOfTen(market::kMaxScale - scale);
    if (*value / unit > kRoom) continue;
    const bool exact = market::ParseDecimal(step, scale).has_value();
    return exact ? std::optional<int>(scale) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<market::Int128> ParseBound(std::string_view text, int scale,
                                         market::Rounding rounding) {
  const std::optional<market::Int128> value = market::ParseDecimal128(text, market::kMaxScale);
  if (!value || *value < 0) return std::nullopt;
  return market::Rescale(*value, market::kMaxScale, scale, rounding);
}

void Reject(ExchangeInfo& info, std::string why) {
  ++info.rejected_count;
  if (info.rejected.size() < kMaxRejectedListed) info.rejected.push_back(std::move(why));
}

absl::Status SortById(ExchangeInfo& info) {
  const auto by_id = [](const Instrument& a, const Instrument& b) { return a.id < b.id; };
  std::sort(info.instruments.begin(), info.instruments.end(), by_id);
  const auto same =
      std::adjacent_find(info.instruments.begin(), info.instruments.end(),
                         [](const Instrument& a, const Instrument& b) { return a.id == b.id; });
  if (same == info.instruments.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(Concat({"field symbols: ", same->id.text(), " appears twice"}));
}

std::string QueryParameter(std::string_view path, std::string_view name) {
  const size_t question = path.find('?');
  if (question == std::string_view::npos) return {};
  std::string_view rest = path.substr(question + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name)
      return PercentDecode(pair.substr(equals + 1));
  }
  return {};
}

}  // namespace gannet::venue
