// Recorded bytes as JSON for people: events of topics and inputs of edges. Exact:
// amounts are decimal strings, 64-bit integers are written in full, ids are
// "stream-sequence" with the stream in hex. Field names are those of proto/.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gannet::app {

// A JSON string; bytes that are not UTF-8 become U+FFFD.
std::string JsonText(std::string_view text);
// A JSON string if `bytes` is text (UTF-8 without control characters but tab and
// line ends), otherwise {"hex":"…"}.
std::string JsonBytes(std::string_view bytes);

// {"header":{…},"value":{…}}; nothing for a topic or bytes that this build does not
// know.
std::optional<std::string> JsonOfEvent(std::string_view topic, std::string_view bytes);

// The member that shows an input: "stream":{…} or "http":{…} for what wire::
// EncodeInput wrote, "text":"…" for text, "hex":"…" otherwise.
std::string JsonMemberOfInput(std::string_view bytes);

}  // namespace gannet::app
