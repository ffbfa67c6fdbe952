// Writes JSON in the order of the calls, so that payloads read like the venue's
// documentation. Commas are its business, well-formed nesting the caller's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gannet::venue_sim {

class JsonText {
 public:
  JsonText& Object() { return Open('{'); }
  JsonText& Array() { return Open('['); }
  JsonText& Object(std::string_view key) { return Key(key).Open('{'); }
  JsonText& Array(std::string_view key) { return Key(key).Open('['); }
  JsonText& EndObject() { return Close('}'); }
  JsonText& EndArray() { return Close(']'); }

  JsonText& Text(std::string_view value);
  JsonText& Int(int64_t value);
  JsonText& Unsigned(uint64_t value);
  JsonText& Bool(bool value) { return Raw(value ? "true" : "false"); }
  JsonText& Null() { return Raw("null"); }
  JsonText& Raw(std::string_view json);
  // A number at scale 8 as the venue writes it: a string with eight decimals.
  JsonText& Decimal(__int128 mantissa);

  JsonText& Text(std::string_view key, std::string_view value) { return Key(key).Text(value); }
  JsonText& Int(std::string_view key, int64_t value) { return Key(key).Int(value); }
  JsonText& Unsigned(std::string_view key, uint64_t value) { return Key(key).Unsigned(value); }
  JsonText& Bool(std::string_view key, bool value) { return Key(key).Bool(value); }
  JsonText& Null(std::string_view key) { return Key(key).Null(); }
  JsonText& Raw(std::string_view key, std::string_view json) { return Key(key).Raw(json); }
  JsonText& Decimal(std::string_view key, __int128 mantissa) { return Key(key).Decimal(mantissa); }

  const std::string& text() const { return text_; }
  std::string Take() { return std::move(text_); }

 private:
  JsonText& Key(std::string_view key);
  JsonText& Open(char bracket);
  JsonText& Close(char bracket);
  void Separate();

  std::string text_;
  bool first_ = true;  // no value yet in the innermost object or array
};

// "0.10000000" of 10,000,000.
std::string EightDecimals(__int128 mantissa);

}  // namespace gannet::venue_sim
