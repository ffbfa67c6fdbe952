#include "apps/gannet/topics_flags.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <utility>

#include "libs/config/secret.h"

namespace gannet::app {
namespace {

CLI::App* AddTopicsCommand(CLI::App* topics, const std::string& name, const std::string& help,
                           TopicsFlags& f, const CommandDeps& d,
                           std::function<absl::Status()> run) {
  CLI::App* command = topics->add_subcommand(name, help);
  bus::KafkaCluster& cluster = f.topics.cluster;
  command->add_option("--brokers", cluster.brokers, "host:port, separated by commas")->required();
  command->add_option("--prefix", f.topics.prefix, "Before the name of every topic");
  command
      ->add_option("--ca-file", cluster.ca_file,
                   "Certificates to trust: TLS, needed beyond this machine")
      ->type_name("FILE");
  command->add_option("--cert-file", cluster.certificate_file, "This client's own certificate")
      ->type_name("FILE");
  command->add_option("--key-file", cluster.key_file, "and its key")->type_name("FILE");
  command->add_option("--user", cluster.user, "SASL SCRAM-SHA-512, with --password-file");
  command->add_option("--password-file", f.password_file, "A file that holds --user's password")
      ->check(CLI::ExistingFile);
  command->callback([&f, &d, run = std::move(run)] {
    if (!f.password_file.empty()) {
      auto password = config::ReadSecret(d.files, f.password_file, "--password-file");
      if (!password.ok()) return d.done(password.status());
      f.topics.cluster.password = *std::move(password);
    }
    d.done(run());
  });
  return command;
}

void AddTopicsResolve(CLI::App* topics, TopicsFlags& f, const CommandDeps& d) {
  CLI::App* resolve = AddTopicsCommand(
      topics, "resolve", "Let an order partition go on that stands still at a record", f, d,
      [&f, &d] { return ResolveTopic(f.topics, f.resolve, d.clock, d.out); });
  resolve->add_option("TOPIC", f.resolve.topic, "Topic of the record")->required();
  resolve->add_option("--partition", f.resolve.position.partition, "The one that stands still")
      ->required();
  resolve->add_option("--offset", f.resolve.position.offset, "Of the record, as `halted` shows it")
      ->required();
  resolve->add_option("--group", f.resolve.group, "Only for this group of consumers");
  resolve->add_option("--by", f.resolve.person, "Who decides; kept with the decision")->required();
  resolve->add_option("--reason", f.resolve.reason, "Why; kept with the decision")->required();
  auto* how = resolve->add_option_group("decision");
  how->add_flag_callback(
      "--skip", [&f] { f.resolve.resolution = bus::Resolution::kSkip; },
      "The record never has an effect");
  how->add_flag_callback(
      "--retry", [&f] { f.resolve.resolution = bus::Resolution::kRetry; },
      "Try it once more, after what it needs is there");
  how->require_option(1);
}

}  // namespace

void AddTopics(CLI::App& app, TopicsFlags& f, const CommandDeps& d) {
  CLI::App* topics = app.add_subcommand("topics", "Topics of a Kafka cluster");
  topics->require_subcommand(1);
  topics->add_subcommand("table", "Print the table of topics (docs/topics.md)")->callback([&d] {
    PrintTopicTable(d.out);
  });
  const auto replication = [&f](CLI::App* command) {
    command
        ->add_option_function<uint32_t>(
            "--replication", [&f](uint32_t copies) { f.topics.replication = copies; },
            "Copies of each partition (default 3, or as many as there are brokers)")
        ->type_name("UINT");
  };
  replication(AddTopicsCommand(topics, "plan", "Compare the cluster with the table", f, d,
                               [&f, &d] { return PlanTopics(f.topics, d.out); }));
  replication(AddTopicsCommand(topics, "apply", "Make the topics that are missing; refuses drift",
                               f, d, [&f, &d] { return ApplyTopics(f.topics, d.out); }));
  CLI::App* letters = AddTopicsCommand(
      topics, "letters", "What was put aside, and what was decided about it", f, d,
      [&f, &d] { return ListLetters(f.topics, f.resolve.topic, f.letters_limit, d.out); });
  letters->add_option("TOPIC", f.resolve.topic, "Whose")->required();
  letters->add_option("--limit", f.letters_limit, "Newest of each partition")
      ->capture_default_str();
  AddTopicsCommand(topics, "halted", "What stands still and waits for a decision", f, d, [&f, &d] {
    return ListHalted(f.topics, f.resolve.topic, d.out);
  })->add_option("TOPIC", f.resolve.topic, "Only of this topic");
  AddTopicsResolve(topics, f, d);
}

}  // namespace gannet::app
