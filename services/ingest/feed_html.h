// HTML in titles and summaries to plain text of one line: what a person would
// read, and nothing that a program would run.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gannet::ingest {

// Tags go (block elements leave a space), the content of script, style and other
// elements that are not read goes with them, comments go, character references
// are resolved once, white space is collapsed. `limit` bounds the result in
// bytes; input beyond 64 times that is not looked at.
std::string HtmlToText(std::string_view html, size_t limit);

// White space collapsed and trimmed, cut to `limit` bytes; markup stays as it is.
std::string PlainText(std::string_view text, size_t limit);

// The character of "nbsp", "#8217" or "#x2019" (what stands between & and ;),
// with Windows-1252 numbers read as meant. Nothing for an unknown name or a
// number that is no character.
std::optional<uint32_t> CharacterReference(std::string_view name);

}  // namespace gannet::ingest
