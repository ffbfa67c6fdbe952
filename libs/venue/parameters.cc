#include "libs/venue/parameters.h"

#include <algorithm>
#include <charconv>

#include "libs/base/percent.h"

namespace gannet::venue {
namespace {

constexpr char kHexDigits[] = "0123456789ABCDEF";
// Of a signed order: the key and the signature are the longest of it.
constexpr size_t kUsualValues = 384;
constexpr size_t kUsualName = 16, kJsonMarks = 6;  // of one parameter

// What stands between the quotes of a JSON string; stretches without an escape go as they are.
void AppendEscaped(std::string& out, std::string_view value) {
  size_t from = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    const auto byte = static_cast<uint8_t>(value[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(value.substr(from, i - from));
    from = i + 1;
    if (byte < 0x20) {
      const char escaped[6] = {'\\', 'u', '0', '0', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
      out.append(escaped, sizeof escaped);
    } else {
      const char escaped[2] = {'\\', value[i]};
      out.append(escaped, sizeof escaped);
    }
  }
  out.append(value.substr(from));
}

}  // namespace

void AppendDecimal(std::string& out, Decimal value) {
  char digits[24];
  int scale = value.scale;
  uint64_t magnitude = value.mantissa < 0 ? 0 - static_cast<uint64_t>(value.mantissa)
                                          : static_cast<uint64_t>(value.mantissa);
  while (scale > 0 && magnitude % 10 == 0) {  // shortest form; 0 ends at scale 0
    magnitude /= 10;
    --scale;
  }
  const auto end = std::to_chars(digits, digits + sizeof digits, magnitude).ptr;
  const auto count = static_cast<int>(end - digits);
  if (value.mantissa < 0) out += '-';
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

void AppendJsonString(std::string& out, std::string_view value) {
  out += '"';
  AppendEscaped(out, value);
  out += '"';
}

Parameters::Parameters() { values_.reserve(kUsualValues); }

void Parameters::Close(std::string_view name, size_t begin, Kind kind) {
  slots_.push_back(
      {name, static_cast<uint32_t>(begin), static_cast<uint32_t>(values_.size()), kind});
}

void Parameters::Text(std::string_view name, std::string_view value) {
  const size_t begin = values_.size();
  values_.append(value);
  Close(name, begin, Kind::kText);
}
void Parameters::Plain(std::string_view name, std::string_view value) {
  const size_t begin = values_.size();
  values_.append(value);
  Close(name, begin, Kind::kPlain);
}
void Parameters::Add(std::string_view name, Decimal value) {
  const size_t begin = values_.size();
  AppendDecimal(values_, value);
  Close(name, begin, Kind::kPlain);
}
void Parameters::Number(std::string_view name, int64_t value) {
  const size_t begin = values_.size();
  char digits[24];
  values_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  Close(name, begin, Kind::kLiteral);
}
void Parameters::Digits(std::string_view name, std::string_view value) {
  const bool number = !value.empty() && (value.front() != '0' || value.size() == 1) &&
                      std::all_of(value.begin(), value.end(),
                                  [](char digit) { return digit >= '0' && digit <= '9'; });
  const size_t begin = values_.size();
  values_.append(value);
  Close(name, begin, number ? Kind::kLiteral : Kind::kText);
}
void Parameters::Flag(std::string_view name, bool value) {
  const size_t begin = values_.size();
  values_.append(value ? "true" : "false");
  Close(name, begin, Kind::kLiteral);
}
void Parameters::Json(std::string_view name, std::string_view value) {
  const size_t begin = values_.size();
  values_.append(value);
  Close(name, begin, Kind::kJson);
}

void Parameters::Append(const Parameters& other) {
  for (const Slot& slot : other.slots_) {
    const size_t begin = values_.size();
    values_.append(other.values_, slot.begin, slot.end - slot.begin);
    Close(slot.name, begin, slot.kind);
  }
}

Parameters::Entry Parameters::at(size_t index) const {
  const Slot& slot = slots_[index];
  return {slot.name, ValueOf(slot), slot.kind};
}

void Parameters::AppendQuery(std::string& out) const {
  for (size_t i = 0; i < size(); ++i) {
    const Entry entry = at(i);
    if (i != 0) out += '&';
    out.append(entry.name);
    out += '=';
    if (entry.kind == Kind::kText || entry.kind == Kind::kJson) {
      base::AppendPercentEncoded(out, entry.value);
    } else {
      out.append(entry.value);
    }
  }
}

Parameters::Place Parameters::AppendJson(std::string& out, std::string_view marked) const {
  Place place;
  out.reserve(out.size() + values_.size() + size() * (kUsualName + kJsonMarks));
  out += '{';
  for (const Slot& slot : slots_) {
    out += &slot == slots_.data() ? "\"" : ",\"";
    out.append(slot.name);
    if (slot.kind != Kind::kText && slot.kind != Kind::kPlain) {
      out += "\":";
      out.append(ValueOf(slot));
      continue;
    }
    out += "\":\"";
    const size_t begin = out.size();
    if (slot.kind == Kind::kPlain) {
      out.append(ValueOf(slot));
    } else {
      AppendEscaped(out, ValueOf(slot));
    }
    if (slot.name == marked) place = {begin, out.size() - begin};
    out += '"';
  }
  out += '}';
  return place;
}

std::string Parameters::SortedPlain() const {
  absl::InlinedVector<const Slot*, kUsualCount> sorted;
  for (const Slot& slot : slots_) sorted.push_back(&slot);
  std::sort(sorted.begin(), sorted.end(),
            [](const Slot* a, const Slot* b) { return a->name < b->name; });
  std::string out;
  out.reserve(values_.size() + size() * kUsualName);
  for (const Slot* slot : sorted) {
    if (!out.empty()) out += '&';
    out.append(slot->name);
    out += '=';
    out.append(ValueOf(*slot));
  }
  return out;
}

}  // namespace gannet::venue
