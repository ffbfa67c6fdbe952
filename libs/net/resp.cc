#include "libs/net/resp.h"

#include <charconv>

#include "absl/strings/str_cat.h"

namespace gannet::net {
namespace {

enum class Step : uint8_t { kDone, kMore, kBad };

// A part of the buffer that is read from its front.
struct Cursor {
  std::string_view rest;

  // The line up to its CR LF, without them.
  std::optional<std::string_view> Line() {
    const size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    return line;
  }
};

bool ParseNumber(std::string_view text, int64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

Step ReadText(Cursor& in, int64_t length, RedisReply& out) {
  if (length == -1) return Step::kDone;  // nothing
  if (length < 0 || length > static_cast<int64_t>(RespReader::kMaxBytes)) return Step::kBad;
  const auto size = static_cast<size_t>(length);
  if (in.rest.size() < size + 2) return Step::kMore;
  if (in.rest.substr(size, 2) != "\r\n") return Step::kBad;
  out.type = RedisReply::Type::kText;
  out.text = std::string(in.rest.substr(0, size));
  in.rest.remove_prefix(size + 2);
  return Step::kDone;
}

Step ReadReply(Cursor& in, size_t depth, RedisReply& out);

Step ReadList(Cursor& in, int64_t length, size_t depth, RedisReply& out) {
  if (length == -1) return Step::kDone;
  if (length < 0 || length > static_cast<int64_t>(RespReader::kMaxItems)) return Step::kBad;
  out.type = RedisReply::Type::kList;
  for (int64_t i = 0; i < length; ++i) {
    if (const Step step = ReadReply(in, depth + 1, out.items.emplace_back()); step != Step::kDone)
      return step;
  }
  return Step::kDone;
}

Step ReadReply(Cursor& in, size_t depth, RedisReply& out) {
  if (depth >= RespReader::kMaxDepth) return Step::kBad;
  const auto line = in.Line();
  if (!line) return Step::kMore;
  if (line->empty()) return Step::kBad;
  const std::string_view body = line->substr(1);
  int64_t number = 0;
  switch (line->front()) {
    case '+':
    case '-':
      out.type = line->front() == '+' ? RedisReply::Type::kText : RedisReply::Type::kError;
      out.text = std::string(body);
      return Step::kDone;
    case ':':
      out.type = RedisReply::Type::kNumber;
      return ParseNumber(body, out.number) ? Step::kDone : Step::kBad;
    case '$':
      return ParseNumber(body, number) ? ReadText(in, number, out) : Step::kBad;
    case '*':
      return ParseNumber(body, number) ? ReadList(in, number, depth, out) : Step::kBad;
    default:
      return Step::kBad;
  }
}

}  // namespace

std::string EncodeRespCommand(const std::vector<std::string>& words) {
  std::string out = absl::StrCat("*", words.size(), "\r\n");
  for (const std::string& word : words)
    absl::StrAppend(&out, "$", word.size(), "\r\n", word, "\r\n");
  return out;
}

std::optional<absl::StatusOr<RedisReply>> RespReader::Next() {
  if (buffer_.empty()) return std::nullopt;
  Cursor in{buffer_};
  RedisReply reply;
  const Step step = ReadReply(in, 0, reply);
  const bool endless = step == Step::kMore && buffer_.size() > kMaxBytes;
  if (step == Step::kBad || endless) {
    return absl::DataLossError(
        "what answers does not speak Redis's protocol; check the address and the port");
  }
  if (step == Step::kMore) return std::nullopt;
  buffer_.erase(0, buffer_.size() - in.rest.size());
  return reply;
}

}  // namespace gannet::net
