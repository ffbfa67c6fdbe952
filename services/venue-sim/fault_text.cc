#include "services/venue-sim/fault_text.h"

namespace gannet::venue_sim {
namespace {

std::string Key(std::string_view name) { return "\"" + std::string(name) + "\":"; }

}  // namespace

std::string_view FieldOf(std::string_view json, std::string_view name) {
  const std::string key = Key(name);
  const size_t at = json.find(key);
  if (at == std::string_view::npos) return {};
  std::string_view rest = json.substr(at + key.size());
  if (rest.starts_with('"')) {
    rest.remove_prefix(1);
    return rest.substr(0, rest.find('"'));
  }
  return rest.substr(0, rest.find_first_of(",}]"));
}

std::string KeepFirst(std::string_view json, size_t count) {
  size_t begin = json.find("\"list\":[");
  begin = begin != std::string_view::npos ? begin + 8 : json.starts_with('[') ? 1 : json.size();
  int depth = 0;
  bool quoted = false;
  size_t kept = 0, cut = count == 0 ? begin : std::string_view::npos;
  for (size_t at = begin; at < json.size(); ++at) {
    const char c = json[at];
    if (quoted) {
      if (c == '\\') ++at;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == ']' || c == '}') && depth > 0) {
      if (--depth == 0 && ++kept == count) cut = at + 1;
    } else if (c == ']') {
      if (cut == std::string_view::npos) break;  // there are no more than that
      return std::string(json.substr(0, cut)) + std::string(json.substr(at));
    }
  }
  return std::string(json);
}

std::string ZeroFields(std::string json, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const std::string key = Key(name) + "\"";
    for (size_t at = json.find(key); at != std::string::npos; at = json.find(key, at)) {
      at += key.size();
      json.replace(at, json.find('"', at) - at, "0");
    }
  }
  return json;
}

}  // namespace gannet::venue_sim
