#include "apps/gannet/news_command.h"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <sstream>
#include <string>

#include "libs/base/posix_files.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/net/beast_network.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"

namespace gannet::app {
namespace {

const base::Time kNow = *base::ParseRfc3339("2024-06-01T12:00:00Z");

struct Output {
  absl::Status status;
  std::string out, diagnostics;
  size_t Count(const std::string& text) const {
    size_t count = 0;
    for (size_t at = out.find(text); at != std::string::npos; at = out.find(text, at + 1)) ++count;
    return count;
  }
};

Output Ingest(std::vector<std::string> inputs, base::Files& files) {
  const base::VirtualExecutor clock(kNow);
  std::ostringstream out, diagnostics;
  NewsIngestOptions options;
  options.inputs = std::move(inputs);
  const absl::Status status = IngestNews(options, files, clock, out, diagnostics);
  return {status, out.str(), diagnostics.str()};
}

}  // namespace

TEST_CASE("gannet news ingest prints items and signals of RSS and JSON lines") {
  base::SimFiles files;
  REQUIRE(files
              .WriteAtomically(
                  "a.xml",
                  "<rss version='2.0'><channel><item><guid>1</guid><title>Bridge exploited for "
                  "$5M</title>"
                  "<pubDate>Sat, 01 Jun 2024 10:00:00 GMT</pubDate></item></channel></rss>")
              .ok());
  REQUIRE(files
              .WriteAtomically("b.jsonl",
                               "{\"title\":\"Bridge Exploited For "
                               "$5M\",\"published\":\"2024-06-01T10:05:00Z\"}\n{}\n"
                               "{\"title\":\"Bitcoin \\\"rises\\\"\"}\n")
              .ok());
  const Output run = Ingest({"a.xml", "b.jsonl"}, files);
  INFO(run.out << run.diagnostics);
  REQUIRE(run.status.ok());
  CHECK(run.Count("\"kind\":\"item\"") == 3);
  CHECK(run.Count("\"kind\":\"signal\"") == 3);
  CHECK(run.Count("\"type\":\"HACK\"") == 2);
  CHECK(run.Count("\"relation\":\"repeat\"") == 1);
  CHECK(run.Count("\"id\":\"coin:BTC\"") == 1);
  CHECK(run.Count("\"published\":\"2024-06-01T10:00:00.000000000Z\"") == 1);
  CHECK(run.Count("\"published\":null") == 1);
  CHECK(run.diagnostics.find("b.jsonl: 2 headlines, 1 rejected (line 2: no title)") !=
        std::string::npos);
  CHECK(Ingest({"a.xml", "b.jsonl"}, files).out == run.out);
}

TEST_CASE("gannet news ingest goes on after an input that cannot be read, and says so") {
  base::SimFiles files;
  REQUIRE(files.WriteAtomically("b.jsonl", "{\"title\":\"one\"}\n").ok());
  const Output run = Ingest({"absent", "b.jsonl"}, files);
  CHECK_FALSE(run.status.ok());
  CHECK(run.status.message().find("absent") != std::string::npos);
  CHECK(run.Count("\"kind\":\"signal\"") == 1);
}

TEST_CASE("gannet news ingest fetches an address") {
  runtime::SystemClock clock;
  struct Site : net::ServerHandler {
    void OnRequest(net::HttpRequest, std::string_view, Respond respond) override {
      respond({200,
               {{"Content-Type", "application/rss+xml"}},
               "<rss><channel><item><title>Bitcoin rises</title></item></channel></rss>"});
    }
    net::WebSocket::Handler OnWebSocket(const net::HttpRequest&, std::string_view,
                                        std::shared_ptr<net::WebSocket>) override {
      return {};
    }
  } site;
  runtime::WorkerThread server(clock);
  // The listener lives on its own executor, as a site on another machine does.
  runtime::AsioExecutor loop(clock);
  auto network = net::BeastNetwork::Create(loop.io(), {});
  REQUIRE(network.ok());
  auto listener = (*network)->Listen({}, site);
  REQUIRE(listener.ok());
  server.Post([&] { loop.Run(); });
  base::SimFiles files;
  std::ostringstream out, diagnostics;
  NewsIngestOptions options;
  options.inputs = {"http://127.0.0.1:" + std::to_string((*listener)->port()) + "/rss"};
  const absl::Status status = IngestNews(options, files, clock, out, diagnostics);
  loop.Stop();
  server.Join();
  INFO(status << diagnostics.str());
  CHECK(status.ok());
  CHECK(out.str().find("\"title\":\"Bitcoin rises\"") != std::string::npos);
}

TEST_CASE("gannet news eval prints scores beside the majority class") {
  base::SimFiles files;
  REQUIRE(files
              .WriteAtomically(
                  "t.csv",
                  "date,news,sentiment\n2021-01-01,Bitcoin plunges as exchange collapses,-1\n"
                  "2021-02-01,Bitcoin soars to record high,1\n2021-03-01,Ether soars,1\n")
              .ok());
  std::ostringstream out;
  REQUIRE(EvaluateNews({.table = "t.csv"}, files, out).ok());
  CHECK(out.str().find("sentiment: 3 headlines\n  accuracy 1.000") != std::string::npos);
  CHECK(out.str().find("(always positive: accuracy 0.667") != std::string::npos);
  std::ostringstream later;
  REQUIRE(EvaluateNews({.table = "t.csv", .from_date = "2021-02-01"}, files, later).ok());
  CHECK(later.str().find("sentiment: 2 headlines") != std::string::npos);
  std::ostringstream none;
  CHECK(EvaluateNews({.table = "t.csv", .from_date = "2022-01-01"}, files, none)
            .message()
            .find("no labelled headline") != std::string::npos);
  CHECK_FALSE(EvaluateNews({.table = "absent"}, files, none).ok());
}

TEST_CASE("gannet news eval and train refuse days that do not compare") {
  base::SimFiles files;
  REQUIRE(files
              .WriteAtomically("t.csv",
                               "date,news,sentiment\n30-01-2021 12:00,Bitcoin plunges,-1\n"
                               "01-06-2022 12:00,Ether soars,1\n")
              .ok());
  REQUIRE(files
              .WriteAtomically("times.csv",
                               "date,news,sentiment\n2021-01-30 12:00,Bitcoin plunges,-1\n"
                               "2022-06-01T00:00:00Z,Ether soars,1\n2022-06-02,,1\n")
              .ok());
  std::ostringstream out;
  CHECK(EvaluateNews({.table = "t.csv"}, files, out).ok());
  const auto eval = EvaluateNews({.table = "t.csv", .from_date = "2022-01-01"}, files, out);
  CHECK(eval.message() ==
        "t.csv: row 2: the date '30-01-2021 12:00' does not begin with YYYY-MM-DD, so that --from "
        "cannot be told of it");
  CHECK(EvaluateNews({.table = "t.csv", .from_date = "01.06.2022"}, files, out).message() ==
        "--from: '01.06.2022' is no day; write YYYY-MM-DD");
  const auto train =
      TrainNews({.out = "o.gnm", .labelled = "t.csv", .before_date = "2022-01-01"}, files, out);
  CHECK(train.message().find("row 2: the date") != std::string::npos);
  CHECK_FALSE(
      TrainNews({.out = "o.gnm", .labelled = "t.csv", .before_date = "2022"}, files, out).ok());
  std::ostringstream times;
  REQUIRE(EvaluateNews({.table = "times.csv", .from_date = "2022-06-01"}, files, times).ok());
  CHECK(times.str().find("1 rows without a headline are left out") != std::string::npos);
  CHECK(times.str().find("sentiment: 1 headlines") != std::string::npos);
}

TEST_CASE("gannet news eval quotes a label that is none") {
  base::SimFiles files;
  REQUIRE(files.WriteAtomically("t.csv", "news,sentiment\nBitcoin plunges,bad\n").ok());
  std::ostringstream out;
  CHECK(EvaluateNews({.table = "t.csv"}, files, out).message() ==
        "t.csv: row 2: \"bad\" is no sentiment; wanted -1, 0, 1 or negative, neutral, positive");
}

TEST_CASE("gannet news train writes the built-in model again") {
  base::SimFiles files;
  std::ostringstream out;
  REQUIRE(TrainNews({.out = "m.gnm"}, files, out).ok());
  CHECK(out.str().find("bit for bit: yes") != std::string::npos);
  REQUIRE(files
              .WriteAtomically(
                  "t.csv", "date,news,sentiment\n2021-01-01,Bitcoin plunges,-1\n2021-02-01,x,1\n")
              .ok());
  std::ostringstream own;
  REQUIRE(
      TrainNews({.out = "own.gnm", .labelled = "t.csv", .before_date = "2021-02-01"}, files, own)
          .ok());
  CHECK(own.str().find("added: 1 labelled headlines") != std::string::npos);
  CHECK(own.str().find("bit for bit: no") != std::string::npos);
  std::ostringstream scores;
  CHECK(EvaluateNews({.table = "t.csv", .model = "own.gnm"}, files, scores).ok());
}

TEST_CASE("gannet news reads the shared headlines") {
  const std::string table = "../shared/data/news-cryptolin-labelled/CryptoLin-until-2021-10.csv.gz";
  if (!std::filesystem::exists(table))
    SKIP("SKIPPED: ../shared/data/news-cryptolin-labelled not present");
  base::PosixFiles files;
  std::ostringstream out;
  REQUIRE(EvaluateNews({.table = table}, files, out).ok());
  INFO(out.str());
  CHECK(out.str().find("sentiment: 1963 headlines") != std::string::npos);
}

}  // namespace gannet::app
