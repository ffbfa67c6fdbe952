#include "tests/venue_conformance/rows.h"

#include <charconv>

#include "libs/base/concat.h"
#include "libs/base/line_reader.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"
#include "tests/venue_conformance/steps.h"

namespace gannet::venue::conformance {
namespace {

constexpr size_t kMaxLine = 16u << 20;
const json kNothing;

Decimal StepOf(const json& value) {
  const auto text = NumberText(value);
  const auto step = text ? ParseDecimalText(*text) : std::nullopt;
  return step.value_or(Decimal{});
}

std::string Field(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

absl::StatusOr<std::vector<Row>> ReadRows(const std::string& path) {
  base::PosixFiles files;
  GANNET_ASSIGN_OR_RETURN(auto reader, base::LineReader::Open(files, path, kMaxLine));
  std::vector<Row> rows;
  for (size_t number = 1;; ++number) {
    GANNET_ASSIGN_OR_RETURN(const auto line, reader->Next());
    if (!line) return rows;
    if (line->text.empty()) continue;
    const json value = json::parse(line->text, nullptr, false);
    if (!value.is_object()) {
      return absl::InvalidArgumentError(
          base::Concat({path, " line ", std::to_string(number), " is no JSON object"}));
    }
    Row row;
    row.line = number;
    row.venue = Field(value, "venue");
    row.name = Field(value, "case");
    row.method = Field(value, "ccxtMethod");
    row.args = value.value("args", json::array());
    const json requests = value.value("requests", json::array());
    if (requests.is_array() && !requests.empty()) row.request = requests[0];
    rows.push_back(std::move(row));
  }
}

absl::StatusOr<Markets> ReadMarkets(const std::string& path) {
  base::PosixFiles files;
  if (!files.Exists(path)) return Markets{};
  GANNET_ASSIGN_OR_RETURN(auto reader, base::LineReader::Open(files, path, kMaxLine));
  std::string text;
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const auto line, reader->Next());
    if (!line) break;
    text.append(line->text);
  }
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return absl::InvalidArgumentError(path + " is no JSON object");
  Markets markets;
  for (const auto& [symbol, entry] : value.items()) {
    if (!entry.is_object()) continue;
    Market market;
    market.id = Field(entry, "id");
    market.spot = Field(entry, "type") == "spot";
    const json precision = entry.value("precision", json::object());
    market.amount_step = StepOf(precision.value("amount", json()));
    market.price_step = StepOf(precision.value("price", json()));
    markets[symbol] = market;
  }
  return markets;
}

std::optional<std::string> NumberText(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  if (!value.is_number_float()) return std::nullopt;
  char digits[400];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, value.get<double>(), std::chars_format::fixed)
          .ptr;
  return std::string(digits, end);
}

Arguments::Arguments(const json& args) {
  if (args.is_array()) args_ = args;
  if (!args_.empty() && args_.back().is_object()) {
    options_ = args_.back();
    args_.erase(args_.size() - 1);
  }
}

const json& Arguments::at(size_t index) const {
  return index < args_.size() ? args_[index] : kNothing;
}
std::string Arguments::Text(size_t index) const {
  return at(index).is_string() ? at(index).get<std::string>() : NumberText(at(index)).value_or("");
}
std::optional<Decimal> Arguments::Number(size_t index) const {
  const auto text = NumberText(at(index));
  return text ? ParseDecimalText(*text) : std::nullopt;
}
std::optional<base::Time> Arguments::Time(size_t index) const {
  if (!at(index).is_number_integer()) return std::nullopt;
  return base::FromUnixMillis(at(index).get<int64_t>());
}
int Arguments::Count(size_t index) const {
  return at(index).is_number_integer() ? at(index).get<int>() : 0;
}
std::vector<std::string> Arguments::List(size_t index) const {
  std::vector<std::string> out;
  if (at(index).is_string()) out.push_back(at(index).get<std::string>());
  if (at(index).is_array()) {
    for (const json& member : at(index)) {
      if (const auto text = NumberText(member)) out.push_back(*text);
    }
  }
  return out;
}

const json& Arguments::Take(std::initializer_list<const char*> names) {
  const json* found = &kNothing;
  for (const char* name : names) {
    taken_.insert(name);
    const auto option = options_.find(name);
    if (found == &kNothing && option != options_.end() && !option->is_null()) found = &*option;
  }
  return *found;
}
std::string Arguments::TakeText(std::initializer_list<const char*> names) {
  return NumberText(Take(names)).value_or("");
}
std::optional<Decimal> Arguments::TakeNumber(std::initializer_list<const char*> names) {
  const auto text = NumberText(Take(names));
  return text ? ParseDecimalText(*text) : std::nullopt;
}
std::optional<base::Time> Arguments::TakeTime(std::initializer_list<const char*> names) {
  const json& value = Take(names);
  if (!value.is_number_integer()) return std::nullopt;
  return base::FromUnixMillis(value.get<int64_t>());
}
bool Arguments::TakeFlag(std::initializer_list<const char*> names) {
  const json& value = Take(names);
  return value.is_boolean() ? value.get<bool>() : value == "true";
}

absl::Status Arguments::Rest() const {
  for (const auto& [name, value] : options_.items()) {
    if (!taken_.contains(name) && !value.is_null())
      return absl::UnimplementedError("option " + name + " has no meaning to our adapter");
  }
  return absl::OkStatus();
}

}  // namespace gannet::venue::conformance
