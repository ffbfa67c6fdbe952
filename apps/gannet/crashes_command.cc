#include "apps/gannet/crashes_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/base/loopback.h"
#include "libs/base/status.h"
#include "libs/config/secret.h"
#include "libs/net/beast_network.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/crash_report.h"
#include "libs/runtime/system_clock.h"

namespace gannet::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr base::Duration kSendLimit = std::chrono::seconds(20);
constexpr size_t kMaxReportBytes = 64 << 10, kMaxFrames = 64, kMaxText = 200;

// What a report may hold, and no more of it than that.
struct Crash {
  std::string program, build, signal;
  int64_t time = 0;
  struct Frame {
    std::string module, build_id, offset;
  };
  std::vector<Frame> frames;
};

std::string TextOf(const nlohmann::json& of, const char* key) {
  return of.at(key).get<std::string>().substr(0, kMaxText);
}

absl::StatusOr<Crash> ParseCrash(std::string_view text) {
  const absl::Status none =
      absl::InvalidArgumentError("is no crash report; it was cut, or something else wrote it");
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return none;
  try {
    Crash crash{TextOf(json, "program"),
                TextOf(json, "build"),
                TextOf(json, "signal"),
                json.at("time").get<int64_t>(),
                {}};
    for (const auto& frame : json.at("frames")) {
      if (crash.frames.size() == kMaxFrames) break;
      crash.frames.push_back(
          {TextOf(frame, "module"), TextOf(frame, "build_id"), TextOf(frame, "offset")});
    }
    return crash;
  } catch (const nlohmann::json::exception&) {
    return none;
  }
}

// "elf" images are named by their build id; the first 16 bytes of it, little endian where a UUID
// is, are the debug id
// (https://docs.sentry.io/platforms/native/data-management/debug-files/identifiers/).
std::string DebugId(const std::string& build_id) {
  std::string hex = build_id.substr(0, 32);
  hex.resize(32, '0');
  const auto byte = [&hex](size_t i) { return hex.substr(2 * i, 2); };
  std::string out;
  for (const size_t i : {3u, 2u, 1u, 0u, 5u, 4u, 7u, 6u, 8u, 9u, 10u, 11u, 12u, 13u, 14u, 15u}) {
    if (i == 5 || i == 7 || i == 8 || i == 10) out += '-';
    out += byte(i);
  }
  return out;
}

Json EventOf(const Crash& crash, std::string_view event_id, const std::string& environment) {
  Json frames = Json::array(), images = Json::array();
  std::map<std::string, size_t> image_of;
  for (const Crash::Frame& frame : crash.frames) {
    auto [found, fresh] = image_of.try_emplace(frame.module + frame.build_id, images.size());
    if (fresh && !frame.build_id.empty()) {
      images.push_back({{"type", "elf"},
                        {"code_file", frame.module},
                        {"code_id", frame.build_id},
                        {"debug_id", DebugId(frame.build_id)},
                        {"image_addr", "0x0"}});
    }
    if (frame.build_id.empty()) image_of.erase(found);
  }
  // The oldest call first.
  for (auto frame = crash.frames.rbegin(); frame != crash.frames.rend(); ++frame) {
    Json one{{"package", frame->module}, {"instruction_addr", frame->offset}};
    const auto image = image_of.find(frame->module + frame->build_id);
    if (image != image_of.end()) one["addr_mode"] = "rel:" + std::to_string(image->second);
    frames.push_back(std::move(one));
  }
  return {{"event_id", event_id},
          {"timestamp", crash.time},
          {"platform", "native"},
          {"level", "fatal"},
          {"release", "gannet@" + crash.build},
          {"environment", environment},
          {"logger", crash.program},
          {"tags", {{"program", crash.program}, {"signal", crash.signal}}},
          {"exception",
           {{"values",
             {{{"type", crash.signal},
               {"value", crash.program + " died of " + crash.signal},
               {"mechanism", {{"type", "signalhandler"}, {"handled", false}}},
               {"stacktrace", {{"frames", frames}}}}}}}},
          {"debug_meta", {{"images", images}}}};
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Print(const std::string& path, const Crash& crash, std::ostream& out) {
  out << base::FormatTime(base::FromUnixMillis(crash.time * 1000)) << "  " << crash.program << " "
      << crash.build << " died of " << crash.signal << "  (" << path << ")\n";
  for (const Crash::Frame& frame : crash.frames)
    out << "    " << frame.module << " " << frame.offset << "\n";
}

class Sender {
 public:
  Sender(Dsn dsn, std::unique_ptr<net::BeastNetwork> network, runtime::AsioExecutor& executor)
      : dsn_(std::move(dsn)), network_(std::move(network)), executor_(executor) {}

  absl::Status Send(std::string body) {
    GANNET_ASSIGN_OR_RETURN(const net::Url url, net::Url::Parse(dsn_.base));
    net::HttpRequest request;
    request.method = "POST";
    request.target = url.Below(base::Concat({"/api/", dsn_.project, "/envelope/"}));
    request.headers = {{"Content-Type", "application/x-sentry-envelope"},
                       {"X-Sentry-Auth",
                        "Sentry sentry_version=7, sentry_client=gannet/1, sentry_key=" + dsn_.key}};
    request.body = std::move(body);
    net::HttpResult answer;
    network_->Http(url, std::move(request), {.timeout = kSendLimit}, [&](net::HttpResult result) {
      answer = std::move(result);
      executor_.Stop();
    });
    executor_.Run();
    if (!answer.status.ok()) return answer.status;
    if (answer.response.status / 100 == 2) return absl::OkStatus();
    return absl::UnavailableError("the endpoint answers " + std::to_string(answer.response.status));
  }

 private:
  const Dsn dsn_;
  std::unique_ptr<net::BeastNetwork> network_;
  runtime::AsioExecutor& executor_;
};

absl::StatusOr<Dsn> ReadDsn(const CrashesOptions& options, base::Files& files) {
  GANNET_ASSIGN_OR_RETURN(const std::string text,
                          config::ReadSecret(files, options.dsn_file, "--send-to"));
  return ParseDsn(text);
}

}  // namespace

absl::StatusOr<Dsn> ParseDsn(std::string_view text) {
  const absl::Status none = absl::InvalidArgumentError(
      "--send-to: the file holds no address such as https://KEY@errors.example/7 (http:// is for "
      "loopback)");
  const size_t scheme = text.find("://"), at = text.find('@'), last = text.rfind('/');
  if (scheme == std::string_view::npos || at == std::string_view::npos || at < scheme + 4 ||
      last < at + 2 || last + 1 == text.size())
    return none;
  Dsn dsn;
  dsn.key = std::string(text.substr(scheme + 3, at - scheme - 3));
  dsn.project = std::string(text.substr(last + 1));
  dsn.base = base::Concat({text.substr(0, scheme + 3), text.substr(at + 1, last - at - 1)});
  const auto url = net::Url::Parse(dsn.base);
  const bool plain = std::all_of(dsn.key.begin(), dsn.key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
  if (!url.ok() || !plain || dsn.project.find_first_not_of("0123456789") != std::string::npos ||
      (url->scheme != "https" && !(url->scheme == "http" && base::IsLoopbackHost(url->host))))
    return none;
  return dsn;
}

absl::StatusOr<std::string> CrashEnvelope(std::string_view report, std::string_view event_id,
                                          const std::string& environment) {
  GANNET_ASSIGN_OR_RETURN(const Crash crash, ParseCrash(report));
  const std::string event = Dump(EventOf(crash, event_id, environment));
  return base::Concat({Dump(Json{{"event_id", event_id}}), "\n",
                       Dump(Json{{"type", "event"}, {"length", event.size()}}), "\n", event, "\n"});
}

int ListCrashes(const CrashesOptions& options, Console console) {
  const auto say = [&console](std::string_view what, const absl::Status& status) {
    console.err << "gannet: " << what << " " << status.message() << "\n";
  };
  const runtime::SystemClock clock;
  runtime::AsioExecutor executor(clock);
  std::optional<Sender> sender;
  if (!options.dsn_file.empty()) {
    auto dsn = ReadDsn(options, console.files);
    auto network = net::BeastNetwork::Create(executor.io(), {.extra_ca_file = options.ca_file});
    if (!dsn.ok() || !network.ok()) {
      say("", dsn.ok() ? network.status() : dsn.status());
      return kControlFailed;
    }
    sender.emplace(*std::move(dsn), *std::move(network), executor);
  }
  int code = kControlDone, found = 0;
  for (int i = 0; i < runtime::kMaxCrashReports; ++i) {
    const std::string path = runtime::CrashReportPath(options.data_dir, i);
    if (!console.files.Exists(path)) continue;
    ++found;
    const auto text = console.files.ReadRange(path, 0, kMaxReportBytes);
    const auto crash = text.ok() ? ParseCrash(*text) : text.status();
    if (!crash.ok()) {
      say(path, crash.status());
      code = kControlFailed;
      continue;
    }
    if (options.json) {
      console.out << *text;
    } else {
      Print(path, *crash, console.out);
    }
    if (!sender) continue;
    auto body = CrashEnvelope(*text, base::Hex(base::RandomBytes(16)), options.environment);
    const absl::Status sent = body.ok() ? sender->Send(*std::move(body)) : body.status();
    // What the endpoint has is not kept: the next one needs its place.
    const absl::Status gone = sent.ok() ? console.files.Remove(path) : sent;
    if (gone.ok()) {
      (options.json ? console.err : console.out) << "    sent\n";
    } else {
      say(path, gone);
      code = kControlFailed;
    }
  }
  if (found == 0 && !console.files.Exists(options.data_dir)) {
    console.err << "gannet: there is no folder " << options.data_dir << "; name it with --data\n";
    return kControlUsage;
  }
  if (found == 0 && !options.json)
    console.out << "no process on " << options.data_dir << " has died of a fault\n";
  return code;
}

void AddCrashes(CLI::App& app, CrashesOptions& o, base::Files& files, std::ostream& out,
                std::ostream& err, std::function<void(int)> ended) {
  CLI::App* crashes =
      app.add_subcommand("crashes", "Reports of processes that died of a fault; send them on");
  crashes->add_option("--data", o.data_dir, "Data folder of the process")
      ->type_name("DIR")
      ->capture_default_str();
  crashes->add_flag("--json", o.json, "Print each as it was written");
  CLI::Option* send =
      crashes
          ->add_option(
              "--send-to", o.dsn_file,
              "A file of mode 0600 that holds https://KEY@HOST/PROJECT: send them there in "
              "Sentry's protocol, and take away what has arrived")
          ->type_name("FILE");
  crashes->add_option("--ca", o.ca_file, "Authority of its certificate, beside the system's")
      ->type_name("FILE")
      ->needs(send);
  crashes->add_option("--environment", o.environment, "Named in what is sent")
      ->capture_default_str()
      ->needs(send);
  crashes->footer(
      "A report names program, build, signal and the frames of the thread that died: no memory, no "
      "account, no host.\nA frame becomes a line of source with the symbols of that build:\n\n"
      "  addr2line -Cfie gannet-risk.debug 0x1a2b3c\n\n"
      "Exit codes: 0 done, 1 one could not be read or sent, 2 bad usage or no such folder.");
  crashes->callback([&o, &files, &out, &err, ended = std::move(ended)] {
    ended(ListCrashes(o, Console{files, out, err}));
  });
}

}  // namespace gannet::app
