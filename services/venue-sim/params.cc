#include "services/venue-sim/params.h"

#include <algorithm>
#include <charconv>

#include "libs/market/decimal.h"

namespace gannet::venue_sim {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]), low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

// Calls `visit` with each "name=value" part.
template <class Visit>
void ForParts(std::string_view form, Visit&& visit) {
  while (!form.empty()) {
    const size_t end = form.find('&');
    visit(form.substr(0, end));
    if (end == std::string_view::npos) break;
    form.remove_prefix(end + 1);
  }
}

std::string Quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

}  // namespace

bool Params::AddForm(std::string_view form) {
  bool sound = true;
  ForParts(form, [&](std::string_view part) {
    if (part.empty()) return;
    const size_t equals = part.find('=');
    auto name = PercentDecode(part.substr(0, equals));
    auto value = PercentDecode(equals == std::string_view::npos ? std::string_view()
                                                                : part.substr(equals + 1));
    if (!name || !value) {
      sound = false;
      return;
    }
    Add(*std::move(name), *std::move(value));
  });
  return sound;
}

const std::string* Params::Find(std::string_view name) const {
  for (const auto& [key, value] : all_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string_view Params::Get(std::string_view name) const {
  const std::string* value = Find(name);
  return value == nullptr ? std::string_view() : *value;
}

bool Params::has_duplicates() const {
  std::vector<std::string_view> names;
  for (const auto& [key, value] : all_) names.push_back(key);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

void ParamReader::Refuse(int code, std::string message) {
  if (!error_) error_ = ApiError{code, std::move(message)};
}

void ParamReader::RefuseMissing(std::string_view name) {
  Refuse(-1102,
         "Mandatory parameter " + Quoted(name) + " was not sent, was empty/null, or malformed.");
}

void ParamReader::RefuseUnneeded(std::string_view name) {
  if (params_.Has(name)) Refuse(-1106, "Parameter " + Quoted(name) + " sent when not required.");
}

std::string_view ParamReader::Text(std::string_view name) {
  const std::string_view value = params_.Get(name);
  if (value.empty()) RefuseMissing(name);
  return value;
}

std::string_view ParamReader::TextOr(std::string_view name, std::string_view otherwise) {
  if (!params_.Has(name)) return otherwise;
  const std::string_view value = params_.Get(name);
  if (value.empty()) Refuse(-1105, "Parameter " + Quoted(name) + " was empty.");
  return value;
}

int64_t ParamReader::Decimal(std::string_view name) {
  const std::string_view text = Text(name);
  if (!ok()) return 0;
  // The venue's pattern: up to 20 digits, a point, up to 20 digits.
  const size_t point = text.find('.');
  const bool digits_only = text.find_first_not_of("0123456789.") == std::string_view::npos;
  const size_t whole = std::min(point, text.size());
  const size_t fraction = point == std::string_view::npos ? 0 : text.size() - point - 1;
  const bool dangling = point != std::string_view::npos &&
                        (fraction == 0 || text.find('.', point + 1) != std::string_view::npos);
  if (!digits_only || dangling || whole == 0 || whole > 20 || fraction > 20) {
    Refuse(-1100, "Illegal characters found in parameter " + Quoted(name) +
                      "; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.");
    return 0;
  }
  const auto mantissa = market::ParseDecimal(text, kScale);
  if (!mantissa) {
    if (fraction > kScale) {
      Refuse(-1111, "Parameter " + Quoted(name) + " has too much precision.");
    } else {
      Refuse(-1108, "Parameter " + Quoted(name) + " overflowed.");
    }
    return 0;
  }
  return *mantissa;
}

int64_t ParamReader::DecimalOr(std::string_view name, int64_t otherwise) {
  return params_.Has(name) ? Decimal(name) : otherwise;
}

std::optional<int64_t> ParamReader::Integer(std::string_view name) {
  if (!params_.Has(name)) return std::nullopt;
  const std::string_view text = Text(name);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    Refuse(-1100, "Illegal characters found in parameter " + Quoted(name) +
                      "; legal range is '^[0-9]{1,20}$'.");
    return std::nullopt;
  }
  return value;
}

int64_t ParamReader::IntegerOr(std::string_view name, int64_t otherwise) {
  return Integer(name).value_or(otherwise);
}

bool ParamReader::BoolOr(std::string_view name, bool otherwise) {
  const std::string_view text = TextOr(name, otherwise ? "true" : "false");
  if (text == "true" || text == "TRUE") return true;
  if (text != "false" && text != "FALSE")
    Refuse(-1130, "Data sent for parameter " + Quoted(name) + " is not valid.");
  return false;
}

SymbolIndex ParamReader::Symbol(std::string_view name) {
  const std::string_view text = Text(name);
  if (!ok()) return 0;
  if (text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != std::string_view::npos ||
      text.size() > 20) {
    Refuse(-1100, "Illegal characters found in parameter " + Quoted(name) +
                      "; legal range is '^[\\w\\-._&&[^a-z]]{1,50}$'.");
    return 0;
  }
  const int index = FindSymbol(text);
  if (index < 0) Refuse(-1121, "Invalid symbol.");
  return static_cast<SymbolIndex>(std::max(index, 0));
}

std::string ParamReader::ClientOrderId(std::string_view name) {
  if (!params_.Has(name)) return {};
  const std::string_view text = TextOr(name, "");
  for (const char c : text) {
    const bool legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == ':' || c == '/';
    if (!legal || text.size() > 36) {
      Refuse(-1100, "Illegal characters found in parameter " + Quoted(name) +
                        "; legal range is '^[a-zA-Z0-9-_.:/]{1,36}$'.");
      return {};
    }
  }
  return std::string(text);
}

std::string WithoutSignature(std::string_view form) {
  std::string out;
  ForParts(form, [&](std::string_view part) {
    if (part.starts_with("signature=")) return;
    if (!out.empty()) out += '&';
    out += part;
  });
  return out;
}

}  // namespace gannet::venue_sim
