#include "libs/api/market_data_api.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "absl/strings/str_cat.h"
#include "gannet/market/v1/market_data_service.pb.h"
#include "libs/api/filters.h"
#include "libs/rpc/error.h"

namespace gannet::api {
namespace {

namespace pb = ::gannet::market::v1;

constexpr size_t kMaxDepth = 5'000;
constexpr int kMaxStreamed = 1'000;  // instruments of one stream

std::string InstrumentOf(const Feed::Item& item) {
  if (const auto* trade = item.As(bus::kTrades)) return trade->value.instrument.text();
  if (const auto* quote = item.As(bus::kQuotes)) return quote->value.instrument.text();
  if (const auto* book = item.As(bus::kBooks)) return book->value.instrument.text();
  if (const auto* bar = item.As(bus::kBars)) return bar->value.instrument.text();
  if (const auto* status = item.As(bus::kMarketStatus)) return status->value.instrument.text();
  return "";
}

pb::MarketDataChannel ChannelOf(const Feed::Item& item) {
  if (item.topic == &bus::kTrades.info) return pb::MARKET_DATA_CHANNEL_TRADES;
  if (item.topic == &bus::kQuotes.info) return pb::MARKET_DATA_CHANNEL_QUOTES;
  if (item.topic == &bus::kBooks.info) return pb::MARKET_DATA_CHANNEL_BOOKS;
  if (item.topic == &bus::kBars.info) return pb::MARKET_DATA_CHANNEL_BARS;
  return pb::MARKET_DATA_CHANNEL_STATUS;
}

template <class Envelope>
void Put(const Feed::Item& item, pb::StreamMarketDataResponse& message,
         void (*set)(pb::StreamMarketDataResponse&, Envelope&)) {
  auto event = item.To<Envelope>();
  *message.mutable_header() = std::move(*event.mutable_header());
  set(message, event);
}

std::unique_ptr<pb::StreamMarketDataResponse> MessageOf(const Feed::Item& item) {
  auto message = std::make_unique<pb::StreamMarketDataResponse>();
  switch (ChannelOf(item)) {
    case pb::MARKET_DATA_CHANNEL_TRADES:
      Put<pb::TradeEvent>(item, *message, [](auto& m, auto& e) { *m.mutable_trade() = e.value(); });
      break;
    case pb::MARKET_DATA_CHANNEL_QUOTES:
      Put<pb::QuoteEvent>(item, *message, [](auto& m, auto& e) { *m.mutable_quote() = e.value(); });
      break;
    case pb::MARKET_DATA_CHANNEL_BOOKS:
      Put<pb::BookUpdateEvent>(item, *message,
                               [](auto& m, auto& e) { *m.mutable_book() = e.value(); });
      break;
    case pb::MARKET_DATA_CHANNEL_BARS:
      Put<pb::BarEvent>(item, *message, [](auto& m, auto& e) { *m.mutable_bar() = e.value(); });
      break;
    default:
      Put<pb::MarketStatusEvent>(item, *message,
                                 [](auto& m, auto& e) { *m.mutable_status() = e.value(); });
  }
  return message;
}

absl::Status Unknown(const std::string& instrument) {
  return absl::NotFoundError(absl::StrCat("instrument '", instrument,
                                          "' is not known; write it as venue:symbol, of a venue "
                                          "that is connected"));
}

}  // namespace

MarketDataApi::MarketDataApi(rpc::Server& server, bus::Bus& bus, uint64_t epoch, Serves serves)
    : feed_(bus, epoch, serves == Serves::kAll ? kKept : FeedSize{.events = 1, .bytes = 0}) {
  feed_.Add(bus::kInstruments.info, [this](const Feed::Item& item) { OnInstrument(item); });
  ServeDefinitions(server);
  if (serves == Serves::kDefinitions) return;
  feed_.Add(bus::kBooks.info, [this](const Feed::Item& item) { OnBook(item); });
  feed_.Add(bus::kBars.info, [this](const Feed::Item& item) { OnBar(item); });
  feed_.Add(bus::kQuotes.info, [this](const Feed::Item& item) {
    if (Standing* at = Find(item.As(bus::kQuotes)->value.instrument)) at->quote = item;
  });
  feed_.Add(bus::kTrades.info, [this](const Feed::Item& item) {
    if (Standing* at = Find(item.As(bus::kTrades)->value.instrument)) at->trade = item;
  });
  feed_.Add(bus::kMarketStatus.info, [this](const Feed::Item& item) {
    const market::InstrumentId& id = item.As(bus::kMarketStatus)->value.instrument;
    Standing* at = id.empty() ? nullptr : Find(id);
    if (at != nullptr) at->status = item;
  });
  Serve(server);
}

MarketDataApi::Standing* MarketDataApi::Find(const market::InstrumentId& id) {
  const auto found = standing_.find(id);
  if (found != standing_.end()) return &found->second;
  return standing_.size() < kKeptInstruments ? &standing_[id] : nullptr;
}

void MarketDataApi::OnInstrument(const Feed::Item& item) {
  const market::Instrument& value = item.As(bus::kInstruments)->value;
  if (definitions_.size() >= kKeptInstruments && !definitions_.contains(value.id)) return;
  auto& versions = definitions_[value.id];
  versions[value.version] = item;
  if (versions.size() > 8) versions.erase(versions.begin());
}

void MarketDataApi::OnBook(const Feed::Item& item) {
  const auto& event = *item.As(bus::kBooks);
  Standing* at = Find(event.value.instrument);
  if (at == nullptr) return;
  const bool whole = event.value.snapshot || event.value.state != market::BookState::kValid;
  if (whole) at->book.Clear();
  for (const market::Level& level : event.value.bids)
    at->book.Set(market::Side::kBuy, level.price, level.quantity);
  for (const market::Level& level : event.value.asks)
    at->book.Set(market::Side::kSell, level.price, level.quantity);
  at->last = event.value;
  at->last.bids.clear();
  at->last.asks.clear();
  at->header = event.header;
}

void MarketDataApi::OnBar(const Feed::Item& item) {
  const market::Bar& bar = item.As(bus::kBars)->value;
  if (bars_.size() >= kKeptInstruments) return;
  auto& bars = bars_[{bar.instrument, bar.interval}];
  if (!bars.empty() && bars.back().As(bus::kBars)->value.open_time == bar.open_time)
    bars.pop_back();
  bars.push_back(item);
  if (bars.size() > kKeptBars) bars.pop_front();
}

market::Event<market::BookUpdate> MarketDataApi::Whole(const Standing& standing,
                                                       size_t depth) const {
  market::Event<market::BookUpdate> event;
  event.header = standing.header;
  event.value = standing.last;
  event.value.snapshot = true;
  const auto copy = [&](market::Side side, std::vector<market::Level>& out) {
    const size_t levels = std::min(depth, standing.book.depth(side));
    for (size_t i = 0; i < levels; ++i) out.push_back(standing.book.level(side, i));
  };
  copy(market::Side::kBuy, event.value.bids);
  copy(market::Side::kSell, event.value.asks);
  return event;
}

void MarketDataApi::ServeDefinitions(rpc::Server& server) {
  server.Handle<pb::GetInstrumentRequest>(
      "gannet.market.v1.MarketDataService/GetInstrument",
      [this](const rpc::CallPtr& call, const pb::GetInstrumentRequest& request) {
        const auto found = definitions_.find(market::InstrumentId(request.instrument()));
        if (definitions_.empty()) {  // just started: a name may be right
          return call->End(absl::FailedPreconditionError(
              "no instrument is known yet; ingest tells them once its venue answers: ask again in "
              "a moment"));
        }
        if (found == definitions_.end()) return call->End(Unknown(request.instrument()));
        const auto version = request.version() == 0 ? std::prev(found->second.end())
                                                    : found->second.find(request.version());
        if (version == found->second.end())
          return call->End(rpc::BadField("version", "that version is not known here"));
        pb::GetInstrumentResponse response;
        *response.mutable_instrument() = version->second.To<pb::InstrumentEvent>().value();
        call->Reply(response);
      });
  server.Handle<pb::ListInstrumentsRequest>(
      "gannet.market.v1.MarketDataService/ListInstruments",
      [this](const rpc::CallPtr& call, const pb::ListInstrumentsRequest& request) {
        const int32_t size =
            std::clamp(request.page_size() == 0 ? 100 : request.page_size(), 1, 1'000);
        pb::ListInstrumentsResponse response;
        // The token is the last name given.
        for (auto at = definitions_.upper_bound(market::InstrumentId(request.page_token()));
             at != definitions_.end(); ++at) {
          if (!request.venue().empty() && market::VenueOf(at->first) != request.venue()) continue;
          auto definition = std::prev(at->second.end())->second.To<pb::InstrumentEvent>();
          if (request.kind() != pb::INSTRUMENT_KIND_UNSPECIFIED &&
              definition.value().kind() != request.kind()) {
            continue;
          }
          if (response.instruments_size() == size) {
            response.set_next_page_token(response.instruments(size - 1).id());
            break;
          }
          *response.add_instruments() = std::move(*definition.mutable_value());
        }
        call->Reply(response);
      });
}

void MarketDataApi::Serve(rpc::Server& server) {
  server.Handle<pb::GetBookRequest>(
      "gannet.market.v1.MarketDataService/GetBook",
      [this](const rpc::CallPtr& call, const pb::GetBookRequest& request) {
        const auto found = standing_.find(market::InstrumentId(request.instrument()));
        if (found == standing_.end() || found->second.header.id.empty())
          return call->End(Unknown(request.instrument()));
        if (found->second.last.state != market::BookState::kValid && !request.allow_invalid()) {
          return call->End(absl::FailedPreconditionError(
              "the book is not valid now; ask again, or set allow_invalid to see it as it is"));
        }
        const size_t depth =
            request.depth() == 0 ? 20 : std::min<size_t>(request.depth(), kMaxDepth);
        pb::BookUpdateEvent event;
        const auto whole = Whole(found->second, depth);
        event.ParseFromString(bus::kBooks.info.encode(&whole));
        pb::GetBookResponse response;
        *response.mutable_header() = std::move(*event.mutable_header());
        *response.mutable_book() = std::move(*event.mutable_value());
        call->Reply(response);
      });
  server.Handle<pb::ListBarsRequest>(
      "gannet.market.v1.MarketDataService/ListBars",
      [this](const rpc::CallPtr& call, const pb::ListBarsRequest& request) {
        const int32_t size =
            std::clamp(request.page_size() == 0 ? 500 : request.page_size(), 1, 5'000);
        int64_t before = INT64_MAX;
        if (!request.page_token().empty()) {
          const std::string& token = request.page_token();
          if (std::from_chars(token.data(), token.data() + token.size(), before).ec != std::errc())
            return call->End(rpc::BadField("page_token", "is none that was given here"));
        }
        pb::ListBarsResponse response;
        const auto found = bars_.find(
            {market::InstrumentId(request.instrument()), base::Duration(request.interval_ns())});
        if (found != bars_.end()) {
          for (auto bar = found->second.rbegin(); bar != found->second.rend(); ++bar) {
            const base::Time open = bar->As(bus::kBars)->value.open_time;
            if (base::UnixNanos(open) >= before || !Within(request.range(), open)) continue;
            if (response.bars_size() == size) {
              response.set_next_page_token(absl::StrCat(response.bars(size - 1).open_time_ns()));
              break;
            }
            *response.add_bars() = bar->To<pb::BarEvent>().value();
          }
        }
        call->Reply(response);
      });
  server.Handle<pb::StreamMarketDataRequest>(
      "gannet.market.v1.MarketDataService/StreamMarketData",
      [this](const rpc::CallPtr& call, const pb::StreamMarketDataRequest& request) {
        Stream(call, request);
      });
}

void MarketDataApi::Stream(const rpc::CallPtr& call, const google::protobuf::Message& raw) {
  const auto& request = static_cast<const pb::StreamMarketDataRequest&>(raw);
  if (request.instruments_size() == 0 || request.instruments_size() > kMaxStreamed)
    return call->End(rpc::BadField("instruments", "name 1 to 1000 of them"));
  if (request.channels_size() == 0)
    return call->End(rpc::BadField("channels", "name at least one"));
  const std::set<std::string> instruments(request.instruments().begin(),
                                          request.instruments().end());
  std::set<int> channels;
  for (const int channel : request.channels()) {
    if (channel == 0 || !pb::MarketDataChannel_IsValid(channel))
      return call->End(rpc::BadField("channels", "holds one that does not exist"));
    channels.insert(channel);
  }
  std::vector<Feed::Item> snapshot;
  for (const std::string& name : instruments) {
    const auto found = standing_.find(market::InstrumentId(name));
    if (found == standing_.end()) continue;
    for (const Feed::Item* item :
         {&found->second.status, &found->second.trade, &found->second.quote}) {
      if (item->event != nullptr) snapshot.push_back(*item);
    }
    if (!found->second.header.id.empty()) {
      snapshot.push_back({0, &bus::kBooks.info,
                          std::make_shared<const market::Event<market::BookUpdate>>(
                              Whole(found->second, kMaxDepth))});
    }
  }
  // The place in the feed that the snapshot stands for.
  for (Feed::Item& item : snapshot) item.sequence = feed_.newest();
  // A book whose change was left out begins again with a whole one.
  auto broken = std::make_shared<std::map<std::string, uint64_t>>();
  feed_.Open(
      call, request.resume_token(), Slow::kConflate,
      [this, instruments, channels,
       broken](const Feed::Item& item) -> std::unique_ptr<google::protobuf::Message> {
        const std::string name = InstrumentOf(item);
        if (!instruments.contains(name) || !channels.contains(ChannelOf(item))) return nullptr;
        const auto* book = item.As(bus::kBooks);
        if (book == nullptr) return MessageOf(item);
        uint64_t& last = (*broken)[name];
        const uint64_t expected = last;
        last = book->value.last_update_id;
        if (book->value.snapshot || expected == 0 || book->value.first_update_id <= expected + 1)
          return MessageOf(item);
        const auto standing = standing_.find(market::InstrumentId(name));
        if (standing == standing_.end()) return MessageOf(item);
        last = standing->second.last.last_update_id;
        return MessageOf({item.sequence, &bus::kBooks.info,
                          std::make_shared<const market::Event<market::BookUpdate>>(
                              Whole(standing->second, kMaxDepth))});
      },
      std::move(snapshot));
}

}  // namespace gannet::api
