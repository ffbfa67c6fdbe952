#include "services/ingest/news_ingest.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "libs/base/digest.h"
#include "libs/base/gzip_for_test.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/bus/topics.h"
#include "libs/journal/journal.h"
#include "libs/net/sim_network.h"
#include "services/ingest/news_replay.h"

namespace gannet::ingest {
namespace {

using namespace std::chrono_literals;

const base::Time kStart = *base::ParseRfc3339("2024-06-01T12:00:00Z");

std::string Item(int n, const std::string& title) {
  return "<item><guid isPermaLink='false'>n" + std::to_string(n) + "</guid><title>" + title +
         "</title><pubDate>Sat, 01 Jun 2024 11:59:0" + std::to_string(n) + " GMT</pubDate></item>";
}
std::string Rss(const std::string& items) {
  return "<rss version='2.0'><channel><title>W</title>" + items + "</channel></rss>";
}

// A news site: one document, with an entity tag or without.
struct Site : net::ServerHandler {
  std::string body, etag, location, retry_after;
  int status = 200;
  std::vector<net::HttpRequest> requests;

  void OnRequest(net::HttpRequest request, std::string_view, Respond respond) override {
    requests.push_back(request);
    net::HttpResponse response{status, {{"Content-Type", "application/rss+xml"}}, body};
    if (!etag.empty()) response.headers.emplace_back("ETag", etag);
    if (!location.empty()) response.headers.emplace_back("Location", location);
    if (!retry_after.empty()) response.headers.emplace_back("Retry-After", retry_after);
    if (!etag.empty() && net::FindHeader(request.headers, "If-None-Match") == etag)
      response = {304, {}, ""};
    respond(response);
  }
  net::WebSocket::Handler OnWebSocket(const net::HttpRequest&, std::string_view,
                                      std::shared_ptr<net::WebSocket>) override {
    return {};
  }
};

struct Fixture {
  base::VirtualExecutor executor{kStart};
  base::SimFiles files;
  net::SimNetwork network{executor, executor, base::Rng(3)};
  bus::MemoryBus bus{executor};
  runtime::Shard shard{{}, executor, executor, nullptr, &bus};
  telemetry::Log log{"test", telemetry::Level::kError, executor, [](std::string_view) {}};
  runtime::Deps deps{shard, bus,     executor, executor,     executor,
                     files, network, log,      base::Rng(1), ""};
  Site site;
  std::unique_ptr<net::Listener> listener = *network.Listen({}, site);
  std::vector<market::Event<market::NewsItem>> items;
  std::vector<market::MarketStatus> changes;
  std::unique_ptr<NewsIngest> news;

  std::string Url(const std::string& path = "/rss") {
    return "http://127.0.0.1:" + std::to_string(listener->port()) + path;
  }
  void Build(NewsConfig config) {
    news = std::make_unique<NewsIngest>(std::move(config), deps);
    shard.Consume<market::NewsItem>(bus::kNewsRaw,
                                    [this](const auto& event) { items.push_back(event); });
    shard.Consume<market::MarketStatus>(
        bus::kMarketStatus, [this](const auto& event) { changes.push_back(event.value); });
  }
  void StartFeed(base::Duration interval = 10s) {
    NewsConfig config;
    config.feeds.push_back({"site", Url(), interval});
    Build(config);
    REQUIRE(news->Start().ok());
  }
  NewsCounts Counts() { return news->sources().at(0).counts; }
};

net::HttpResponse Post(Fixture& f, uint16_t port, const std::string& body,
                       const std::string& secret, base::Time at) {
  net::HttpResponse answer;
  const std::string timestamp = std::to_string(base::UnixMillis(at) / 1000);
  net::HttpRequest request{"POST", "/news", {{"X-Gannet-Timestamp", timestamp}}, body};
  request.headers.emplace_back(
      "X-Gannet-Signature",
      "sha256=" + base::Hex(base::HmacSha256(secret, timestamp + "." + body)));
  f.network.Http(*net::Url::Parse("http://127.0.0.1:" + std::to_string(port)), request, {},
                 [&](net::HttpResult result) { answer = result.response; });
  f.executor.RunFor(1s);
  return answer;
}

}  // namespace

TEST_CASE("NewsIngest publishes each item of a feed once, in order of publication") {
  Fixture f;
  f.site.body = Rss(Item(2, "two") + Item(1, "one"));
  f.site.etag = "\"v1\"";
  f.StartFeed();
  f.executor.RunFor(35s);
  REQUIRE(f.items.size() == 2);
  CHECK(f.items[0].value.title == "one");
  CHECK(f.items[0].value.source == "rss:site");
  CHECK(f.items[0].value.source_id == "n1");
  CHECK(f.items[0].header.event_time == f.items[0].value.published);
  CHECK(f.items[0].header.source == "rss:site");
  CHECK(f.Counts().not_modified >= 2);

  f.site.body = Rss(Item(3, "three") + Item(2, "two, updated") + Item(1, "one"));
  f.site.etag = "\"v2\"";
  f.executor.RunFor(12s);
  REQUIRE(f.items.size() == 4);
  CHECK(f.items[2].value.title == "two, updated");
  CHECK(f.items[3].value.title == "three");
  CHECK(f.Counts().seen_before == 1);
  CHECK(f.news->health().state == runtime::HealthState::kServing);
  REQUIRE(f.changes.size() == 1);
  CHECK(f.changes[0].feed_state == market::FeedState::kConnected);
  bool drained = false;
  f.news->Drain([&] { drained = true; });
  CHECK(drained);
  const size_t before = f.site.requests.size();
  f.executor.RunFor(60s);
  CHECK(f.site.requests.size() == before);
}

// What ingest was killed over is published again from its journal (bus_link.h): every item
// that a recorded cursor has passed must be there.
TEST_CASE("Wherever the power fails, a headline that a cursor has passed is recorded itself") {
  constexpr int kItems = 200;  // more than one batch of the journal holds
  std::string items;
  for (int n = 0; n < kItems; ++n) items += Item(n % 10, std::string(200, 'a' + n % 26));
  for (int n = 0; n < kItems; ++n) {
    const std::string guid = "n" + std::to_string(n % 10) + "</guid>";
    items.replace(items.find(guid), guid.size(), "m" + std::to_string(n) + "</guid>");
  }
  bool finished = false;
  for (uint64_t cut = 1; !finished; ++cut) {
    Fixture f;
    f.site.body = Rss(items);
    base::SimFiles disk(cut);
    auto writer = *journal::Writer::Open(disk, f.executor, "journal", {},
                                         {.reserve_bytes = 0, .own_thread = false});
    disk.CutPowerAt(disk.operations() + cut);
    {
      runtime::Shard shard({}, f.executor, f.executor, writer.get(), nullptr);
      runtime::Deps deps{shard,   f.bus,     f.executor, f.executor,   f.executor,
                         f.files, f.network, f.log,      base::Rng(1), ""};
      NewsConfig config;
      config.feeds.push_back({"site", f.Url(), 10s});
      NewsIngest news(std::move(config), deps);
      REQUIRE(news.Start().ok());
      f.executor.RunFor(5s);
    }
    writer.reset();
    finished = disk.powered();
    disk.Restart();
    size_t passed = 0, recorded = 0;
    const auto reader = *journal::Reader::Open(disk, "journal");
    for (auto record = *reader->Next(); record; record = *reader->Next()) {
      if (record->type != journal::RecordType::kFact) continue;
      if (record->channel == bus::kNewsRaw.info.name) ++recorded;
      if (record->channel != bus::kJournals.info.name) continue;
      const auto note = bus::kJournals.info.decode(record->payload);
      REQUIRE(note.ok());
      passed +=
          DecodeCursor(static_cast<const market::Event<wire::EngineNote>*>(note->get())->value.body)
              ->seen.size();
    }
    INFO("power cut at operation " << cut);
    CHECK(passed <= recorded);
    if (finished) CHECK(passed == kItems);
  }
}

TEST_CASE("NewsIngest does not record the same bytes twice") {
  Fixture f;
  f.site.body = Rss(Item(1, "one"));
  f.StartFeed();
  f.executor.RunFor(45s);
  CHECK(f.site.requests.size() >= 4);
  CHECK(f.items.size() == 1);
  CHECK(f.Counts().not_modified == f.Counts().answers - 1);
}

TEST_CASE("NewsIngest backs off from a failing source, says so, and comes back") {
  Fixture f;
  f.site.status = 503;
  f.StartFeed(1s);
  f.executor.RunFor(60s);
  // 1, 2, 4, 8, 16, 32 seconds apart, ten per cent either way.
  CHECK(f.site.requests.size() >= 5);
  CHECK(f.site.requests.size() <= 8);
  REQUIRE(f.news->health().state == runtime::HealthState::kDegraded);
  CHECK(f.news->health().reasons.at(0).find("rss:site: HTTP status 503") != std::string::npos);
  f.site.status = 200;
  f.site.body = Rss(Item(1, "one"));
  f.executor.RunFor(120s);
  CHECK(f.items.size() == 1);
  CHECK(f.news->health().state == runtime::HealthState::kServing);
  CHECK(f.changes.size() == 2);
}

TEST_CASE("NewsIngest honours Retry-After and gives up a source that is gone") {
  Fixture f;
  f.site.status = 429;
  f.site.retry_after = "120";
  f.StartFeed(1s);
  f.executor.RunFor(100s);
  CHECK(f.site.requests.size() == 1);
  f.site.status = 410;
  f.executor.RunFor(600s);
  CHECK(f.site.requests.size() == 2);
  CHECK(f.news->sources().at(0).state == NewsSourceState::kGone);
  CHECK(f.news->health().reasons.at(0).find("gone for good") != std::string::npos);
}

TEST_CASE("NewsIngest counts what it cannot read and survives it") {
  Fixture f;
  f.site.body = "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><rss/>";
  f.StartFeed(1s);
  f.executor.RunFor(1s);
  CHECK(f.items.empty());
  CHECK(f.Counts().failures >= 1);
  CHECK(f.news->sources().at(0).problem.find("external entity") != std::string::npos);
}

TEST_CASE("NewsIngest follows redirects, but not into this network and not away from TLS") {
  Fixture f;
  f.site.status = 302;
  f.site.location = "/elsewhere";
  f.StartFeed(10s);
  f.executor.RunFor(2s);
  CHECK(f.news->sources().at(0).problem == "too many redirects");
  CHECK(f.site.requests.size() == 4);
  CHECK(f.site.requests.back().target == "/elsewhere");

  Fixture g;
  g.network.AddName("news.example", 80, g.listener->port());
  g.site.status = 301;
  g.site.location = g.Url("/inside");
  NewsConfig config;
  config.feeds.push_back({"site", "http://news.example/rss", 10s});
  g.Build(config);
  REQUIRE(g.news->Start().ok());
  g.executor.RunFor(2s);
  CHECK(g.site.requests.size() == 1);
  CHECK(g.news->sources().at(0).problem.find("inside this network") != std::string::npos);
}

TEST_CASE("NewsIngest leaves out what is too old and what says it is from tomorrow") {
  Fixture f;
  f.site.body =
      Rss("<item><guid>a</guid><title>old</title><pubDate>Sat, 01 Jan 2022 00:00:00 "
          "GMT</pubDate></item>"
          "<item><guid>b</guid><title>ahead</title><pubDate>Sat, 01 Jan 2028 00:00:00 "
          "GMT</pubDate></item>");
  f.StartFeed();
  f.executor.RunFor(2s);
  REQUIRE(f.items.size() == 1);
  CHECK(f.items[0].value.title == "ahead");
  CHECK_FALSE(f.items[0].value.published_stated);
  CHECK(f.Counts().too_old == 1);
}

TEST_CASE("NewsIngest goes on where its state says, without publishing again") {
  Fixture first;
  first.site.body = Rss(Item(1, "one"));
  first.site.etag = "\"v1\"";
  first.StartFeed();
  first.executor.RunFor(2s);
  REQUIRE(first.items.size() == 1);

  Fixture second;
  second.site.body = Rss(Item(2, "two") + Item(1, "one"));
  second.site.etag = "\"v2\"";
  NewsConfig config;
  config.feeds.push_back({"site", second.Url(), 10s});
  second.Build(config);
  REQUIRE(second.shard.LoadState(first.shard.SaveState()).ok());
  CHECK(second.shard.StateHash() == first.shard.StateHash());
  REQUIRE(second.news->Start().ok());
  second.executor.RunFor(2s);
  CHECK(net::FindHeader(second.site.requests.at(0).headers, "If-None-Match") == "\"v1\"");
  REQUIRE(second.items.size() == 1);
  CHECK(second.items[0].value.title == "two");
}

TEST_CASE("NewsIngest follows a growing file of JSON lines") {
  Fixture f;
  REQUIRE(f.files
              .WriteAtomically("news.jsonl",
                               "{\"title\":\"one\",\"source\":\"desk\"}\nnot json\n{\"title\":\"tw")
              .ok());
  NewsConfig config;
  config.files.push_back({"drop", "news.jsonl", 1s});
  f.Build(config);
  REQUIRE(f.news->Start().ok());
  REQUIRE(f.items.size() == 1);
  CHECK(f.items[0].value.source == "file:drop/desk");
  REQUIRE(f.files
              .WriteAtomically(
                  "news.jsonl",
                  "{\"title\":\"one\",\"source\":\"desk\"}\nnot json\n{\"title\":\"two\"}\n")
              .ok());
  f.executor.RunFor(2s);
  REQUIRE(f.items.size() == 2);
  CHECK(f.items[1].value.title == "two");
  CHECK(f.Counts().rejected == 1);
  REQUIRE(f.files.WriteAtomically("news.jsonl", "{\"title\":\"three\"}\n").ok());
  f.executor.RunFor(2s);
  CHECK(f.items.size() == 3);
  CHECK(f.Counts().truncated == 1);
  REQUIRE(f.files.Remove("news.jsonl").ok());
  f.executor.RunFor(5s);
  CHECK(f.news->sources().at(0).state == NewsSourceState::kFailing);
}

TEST_CASE("NewsIngest takes signed posts and nothing else") {
  Fixture f;
  const std::string secret = "0123456789abcdef-secret";
  REQUIRE(f.files.WriteAtomically("secret", secret + "\n", 0600).ok());
  NewsConfig config;
  config.webhook = {.name = "desk", .secret_file = "secret", .max_per_minute = 4};
  f.Build(config);
  REQUIRE(f.news->Start().ok());
  const uint16_t port = f.news->webhook_port();
  const std::string body = "{\"title\":\"one\"}\n{\"title\":\"\"}\n";
  const base::Time signed_at = f.executor.Now();
  const net::HttpResponse taken = Post(f, port, body, secret, signed_at);
  CHECK(taken.status == 202);
  CHECK(taken.body == "accepted 1, known 0, too old 0, rejected 1\n");
  REQUIRE(f.items.size() == 1);
  CHECK(f.items[0].value.source == "webhook:desk");
  CHECK(Post(f, port, body, secret, signed_at).status == 409);
  // However often strangers come, they take no room from who may sign.
  for (int i = 0; i < 10; ++i)
    CHECK(Post(f, port, body, "wrong-secret-wrong-secret", f.executor.Now()).status == 401);
  CHECK(Post(f, port, body, secret, f.executor.Now() - 10min).status == 401);
  CHECK(Post(f, port, "", secret, f.executor.Now()).status == 400);
  CHECK(Post(f, port, "{\"title\":\"b\"}", secret, f.executor.Now()).status == 202);
  CHECK(Post(f, port, "{\"title\":\"c\"}", secret, f.executor.Now()).status == 429);
  CHECK(f.items.size() == 2);

  Fixture g;
  REQUIRE(g.files.WriteAtomically("secret", "short", 0600).ok());
  NewsConfig weak;
  weak.webhook = {.name = "desk", .secret_file = "secret"};
  g.Build(weak);
  CHECK(g.news->Start().message().find("shorter than 12") != std::string::npos);
  REQUIRE(g.files.WriteAtomically("secret", secret, 0644).ok());
  CHECK(g.news->Start().message().find("chmod 600") != std::string::npos);
}

TEST_CASE("ReadNewsReplay orders headlines by receipt and the port publishes them") {
  Fixture f;
  f.Build({});
  REQUIRE(f.files
              .WriteAtomically("n.jsonl",
                               "{\"title\":\"late\",\"source\":\"x\",\"published\":\"2024-06-01T12:"
                               "00:05Z\",\"received\":\"2024-06-01T12:00:09Z\"}\n"
                               "{\"title\":\"early\",\"published\":\"2024-06-01T12:00:01Z\"}\n{"
                               "\"title\":\"when\"}\n[]\n")
              .ok());
  const absl::StatusOr<NewsReplayFile> file = ReadNewsReplay(f.files, "n.jsonl", {.shift = 1h});
  REQUIRE(file.ok());
  CHECK(file->undated == 1);
  CHECK(file->rejected == 1);
  CHECK(file->first_problem == "line 4: not a JSON object");
  REQUIRE(file->inputs.size() == 2);
  for (const NewsInput& input : file->inputs)
    f.shard.Deliver(*f.shard.FindInput(kNewsReplayPort), input.bytes, input.receive_time);
  REQUIRE(f.items.size() == 2);
  CHECK(f.items[0].value.title == "early");
  CHECK(f.items[0].value.source == "replay:n.jsonl");
  CHECK(f.items[1].value.source == "x");
  CHECK(f.items[1].value.received == *base::ParseRfc3339("2024-06-01T13:00:09Z"));
  CHECK(f.items[1].header.event_time == *base::ParseRfc3339("2024-06-01T13:00:05Z"));

  REQUIRE(f.files.WriteAtomically("n.xml", Rss(Item(2, "two") + Item(1, "one"))).ok());
  const absl::StatusOr<NewsReplayFile> feed = ReadNewsReplay(f.files, "n.xml", {});
  REQUIRE(feed.ok());
  REQUIRE(feed->inputs.size() == 2);
  CHECK(feed->inputs[0].receive_time < feed->inputs[1].receive_time);
  REQUIRE(f.files.WriteAtomically("bad", "nothing here\n").ok());
  CHECK(ReadNewsReplay(f.files, "bad", {}).status().message().find("no headline in it") !=
        std::string::npos);
  CHECK_FALSE(ReadNewsReplay(f.files, "absent", {}).ok());

  // What a feed holds beyond the limit, or half of, is told.
  const auto item = [](int n) {
    return "<item><title>T" + std::to_string(n) +
           "</title><pubDate>Fri, 05 Jan 2024 10:00:00 GMT</pubDate></item>";
  };
  const std::string rss = "<rss version='2.0'><channel>" + item(1) + item(2) + item(3);
  REQUIRE(f.files.WriteAtomically("many.xml", rss + "</channel></rss>").ok());
  NewsReplayOptions two;
  two.limits.max_entries = 2;
  const absl::StatusOr<NewsReplayFile> many = ReadNewsReplay(f.files, "many.xml", two);
  REQUIRE(many.ok());
  CHECK(many->inputs.size() == 2);
  CHECK(many->rejected == 1);
  CHECK(many->first_problem == "1 beyond the first 2; split the file");
  REQUIRE(f.files.WriteAtomically("cut.xml", rss.substr(0, rss.size() - 60)).ok());
  const absl::StatusOr<NewsReplayFile> cut = ReadNewsReplay(f.files, "cut.xml", {});
  REQUIRE(cut.ok());
  CHECK(cut->inputs.size() == 2);
  CHECK(cut->rejected == 1);
  CHECK(cut->first_problem == "the document ends within its last item; copy it again");

  // A packed feed may be one long line; JSON may speak of tags.
  std::string entries;
  for (int n = 0; n < 20; ++n)
    entries += "<item><title>T" + std::to_string(n) + "</title><description>" +
               std::string(20'000, 'x') + "</description></item>";
  REQUIRE(f.files
              .WriteAtomically("line.xml.gz", base::Gzip("<rss version='2.0'><channel>" + entries +
                                                         "</channel></rss>"))
              .ok());
  const NewsReplayOptions dated = {.undated_as = base::FromUnixMillis(1'700'000'000'000)};
  CHECK(ReadNewsReplay(f.files, "line.xml.gz", dated)->inputs.size() == 20);
  REQUIRE(f.files.WriteAtomically("tags", "{\"id\":\"<1>\",\"title\":\"t\"}\n").ok());
  CHECK(ReadNewsReplay(f.files, "tags", dated)->inputs.size() == 1);

  // A shift beyond the end of time stays there.
  const base::Duration centuries = std::chrono::hours(24 * 366 * 280);
  CHECK(ReadNewsReplay(f.files, "many.xml", {.shift = centuries})->inputs[0].receive_time ==
        base::Time::max());
  CHECK(ReadNewsReplay(f.files, "many.xml", {.shift = -centuries})->inputs[0].receive_time <
        base::ParseRfc3339("1800-01-01T00:00:00Z").value());
}

TEST_CASE("NewsConfig refuses nonsense by key and line") {
  const auto problem = [](std::string_view text) {
    return std::string(config::LoadText<NewsConfig>(text, "n.yaml", Read).status().message());
  };
  CHECK(config::LoadText<NewsConfig>(
            "feeds:\n  - name: a\n    url: https://a.example/rss\n    interval: 30s\n", "n.yaml",
            Read)
            ->feeds.size() == 1);
  CHECK(problem("feeds:\n  - name: A B\n    url: https://a.example/\n").find("name") !=
        std::string::npos);
  CHECK(problem("feeds:\n  - name: a\n    url: file:///x\n").find("http or https") !=
        std::string::npos);
  CHECK(problem("webhook:\n  name: w\n  secret_file: s\n  address: 0.0.0.0\n")
            .find("needs certificate_file") != std::string::npos);
  CHECK(problem("feeds:\n  - {name: a, url: 'http://a.example/'}\n  - {name: a, url: "
                "'http://b.example/'}\n")
            .find("stands twice") != std::string::npos);
}

TEST_CASE("NewsEngine takes a cursor back as it was written") {
  NewsCursor cursor{"rss:a", "\"x\"", "Sat, 01 Jun 2024 00:00:00 GMT", 77, {{1, 2}, {3, 4}}};
  CHECK(*DecodeCursor(EncodeCursor(cursor)) == cursor);
  CHECK_FALSE(DecodeCursor("").ok());
  CHECK(DecodeCursor("\x09").status().code() == absl::StatusCode::kFailedPrecondition);
}

}  // namespace gannet::ingest
