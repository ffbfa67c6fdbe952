#include "libs/api/feed.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gannet/common/v1/stream.pb.h"
#include "libs/rpc/error.h"

namespace gannet::api {
namespace {

// "epoch.sequence.sent"
struct Token {
  uint64_t epoch = 0, sequence = 0, sent = 0;
};

std::optional<Token> ParseToken(const std::string& text) {
  Token token;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (uint64_t* part : {&token.epoch, &token.sequence, &token.sent}) {
    const auto [next, error] = std::from_chars(at, end, *part);
    if (error != std::errc()) return std::nullopt;
    const bool last = part == &token.sent;
    if (last ? next != end : next == end || *next != '.') return std::nullopt;
    at = next + (last ? 0 : 1);
  }
  return token;
}

}  // namespace

void Feed::Add(const bus::TopicInfo& topic, std::function<void(const Item&)> hear) {
  Listen(topic, [this, hear = std::move(hear)](const Item& item) {
    if (hear) hear(item);
    Keep(item);
  });
}

void Feed::Listen(const bus::TopicInfo& topic, std::function<void(const Item&)> hear) {
  // What was missed of a market is worthless.
  const bus::Start start =
      topic.delivery == bus::Delivery::kConflate ? bus::Start::kLatest : bus::Start::kEarliest;
  const size_t index = subscriptions_.size();
  subscriptions_.push_back(
      bus_.SubscribeRaw(topic, {.group = "", .start = start},
                        [this, &topic, index, hear = std::move(hear)](
                            const std::shared_ptr<const void>& event, bus::Position position) {
                          hear(Item{sequence_ + 1, &topic, event});
                          subscriptions_[index]->Ack(position);
                        }));
}

void Feed::Keep(const Item& item, std::string_view name) {
  ++sequence_;
  kept_.Push({item.topic, item.header().id, std::hash<std::string_view>()(name)},
             item.topic->encode(item.event.get()));
  for (auto tail = tails_.begin(); tail != tails_.end();)
    tail = Send(*tail, item) ? std::next(tail) : tails_.erase(tail);
}

std::optional<Feed::Item> Feed::At(size_t index) const {
  const bus::TopicInfo* topic = kept_.tag(index).topic;
  auto event = topic->decode(kept_.record(index));
  if (!event.ok()) return std::nullopt;
  return Item{SequenceOf(index), topic, *std::move(event)};
}

std::optional<Feed::Item> Feed::Find(const market::EventId& id) const {
  for (size_t i = kept_.size(); i-- > 0;) {
    if (kept_.tag(i).id == id) return At(i);
  }
  return std::nullopt;
}

std::optional<Feed::Item> Feed::Find(std::string_view name,
                                     const std::function<bool(const Item&)>& wanted) const {
  const size_t hash = std::hash<std::string_view>()(name);
  for (size_t i = kept_.size(); i-- > 0;) {
    if (kept_.tag(i).name != hash) continue;
    std::optional<Item> item = At(i);
    if (item && wanted(*item)) return item;
  }
  return std::nullopt;
}

bool Feed::Send(Tail& tail, const Item& item) {
  if (tail.call->ended()) return false;
  if (tail.slow == Slow::kConflate && tail.call->queued() >= kConflateAbove) {
    ++tail.skipped;
    ++stats_.skipped;
    return true;
  }
  const std::unique_ptr<google::protobuf::Message> message = tail.fill(item);
  if (message == nullptr) return true;
  const auto* field = message->GetDescriptor()->FindFieldByName("position");
  auto* position = static_cast<common::v1::StreamPosition*>(
      message->GetReflection()->MutableMessage(message.get(), field));
  position->set_sequence(++tail.sent);
  position->set_resume_token(absl::StrCat(epoch_, ".", item.sequence, ".", tail.sent));
  position->set_skipped(std::exchange(tail.skipped, 0));
  if (tail.call->Write(*message)) return true;
  ++stats_.disconnected;
  tail.call->End(absl::ResourceExhaustedError(
      "the stream was read too slowly; resume with the last token, and read faster"));
  return false;
}

void Feed::Open(const rpc::CallPtr& call, const std::string& text, Slow slow, Fill fill,
                std::vector<Item> snapshot) {
  Tail tail{call, slow, std::move(fill)};
  if (!text.empty()) {
    const std::optional<Token> token = ParseToken(text);
    if (!token) return call->End(rpc::BadField("resume_token", "is none that was given here"));
    if (token->epoch != epoch_ || token->sequence > sequence_ ||
        token->sequence + 1 < SequenceOf(0)) {
      return call->End(absl::OutOfRangeError(
          "what came after that token is no longer kept; start again without one"));
    }
    tail.sent = token->sent;
    snapshot.clear();
    for (size_t i = token->sequence + 1 - SequenceOf(0); i < kept_.size(); ++i) {
      if (std::optional<Item> item = At(i)) snapshot.push_back(*std::move(item));
    }
  }
  for (const Item& item : snapshot) {
    if (!Send(tail, item)) return;
  }
  tails_.push_back(std::move(tail));
}

absl::StatusOr<std::string> Feed::Page(int32_t page_size, int32_t fallback, int32_t most,
                                       const std::string& token,
                                       const std::function<bool(const Item&)>& take) const {
  if (page_size < 0) return rpc::BadField("page_size", "must not be negative");
  const int32_t wanted = std::min(page_size == 0 ? fallback : page_size, most);
  uint64_t before = UINT64_MAX;
  if (!token.empty()) {
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), before);
    if (error != std::errc() || end != token.data() + token.size())
      return rpc::BadField("page_token", "is none that was given here");
  }
  int32_t taken = 0;
  for (size_t i = kept_.size(); i-- > 0;) {
    if (SequenceOf(i) >= before) continue;
    if (taken == wanted) return absl::StrCat(SequenceOf(i) + 1);
    const std::optional<Item> item = At(i);
    if (item && take(*item)) ++taken;
  }
  return std::string();
}

}  // namespace gannet::api
