#include "apps/gannet/journal_flags.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <optional>

#include "apps/gannet/journal_replay_command.h"

namespace gannet::app {
namespace {

CLI::App* AddJournalCommand(CLI::App* journal, const std::string& name, const std::string& help,
                            JournalFlags& f) {
  CLI::App* command = journal->add_subcommand(name, help);
  command->add_option("DIR", f.dir, "Data folder of `gannet run`, or the journal in it")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  return command;
}

// All of it and nothing else; none: it is no number, or one of more than 64 bits.
std::optional<uint64_t> ParseWhole(const std::string& text, int base) {
  uint64_t number = 0;
  const char* const text_end = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), text_end, number, base);
  if (error != std::errc() || end != text_end) return std::nullopt;
  return number;
}

void AddJournalDump(CLI::App* journal, JournalFlags& f, const CommandDeps& d) {
  CLI::App* dump =
      AddJournalCommand(journal, "dump", "Print its records, one JSON object a line", f);
  dump->add_option("--after", f.dump.after, "Begin behind this sequence number");
  dump->add_option("--limit", f.dump.limit, "Print at most so many records");
  dump->add_option("--channel", f.dump.channel,
                   "Only this topic or input port, e.g. exec.reports.v1");
  dump->add_option_function<std::string>(
          "--type", [&f](const std::string& name) { f.dump.type = ParseRecordType(name); },
          "Only input, fact, versions or gap")
      ->check(CLI::IsMember({"input", "fact", "versions", "gap"}));
  dump->add_flag("--segments", f.dump.segments,
                 "Also a line where a program began to write: build, configuration, versions");
  dump->footer(
      "Fields are those of proto/; amounts are exact decimal strings, prices and quantities the "
      "integers of the\n"
      "instrument's scale (docs/journal.md). Damage ends the output with exit code 1 after the "
      "records before it.\n\n"
      "  gannet journal dump DIR --type fact --channel exec.reports.v1 | jq .event.value.kind\n"
      "  gannet journal dump DIR --segments --limit 1    what wrote it");
  dump->callback([&f, &d] { d.done(DumpJournal(d.files, f.dir, f.dump, d.out)); });
}

void AddJournalPrune(CLI::App* journal, JournalFlags& f, const CommandDeps& d) {
  CLI::App* prune = AddJournalCommand(
      journal, "prune", "Remove what is older or more than is to be kept, as a run does itself", f);
  AddDuration(prune, "--keep", f.keep, "Age up to which segments stay (default 168h)")
      ->check(IsAge);
  prune
      ->add_option("--max-bytes", f.max_bytes,
                   "Bytes that stay in all, oldest go first; also as 500MB or 2GiB")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  prune->footer(
      "A segment goes only when two verified snapshots cover it, and the last one always stays: no "
      "state is ever lost.\nWhat reporting has not stored yet stays too, and the command says so.\n"
      "Refused while a process has the journal open. What is gone cannot be decided again.\n\n"
      "  gannet journal prune DIR --keep 24h --max-bytes 1GiB");
  prune->callback([&f, &d] {
    d.done(PruneJournal(d.files, f.dir, d.clock.Now(), f.keep, f.max_bytes, d.out));
  });
}

void AddJournalFetch(CLI::App* journal, JournalFlags& f, const CommandDeps& d) {
  CLI::App* fetch = journal->add_subcommand(
      "fetch", "Put the journal of news-signal or ml-inference together from the bus");
  fetch->add_option("PROGRAM", f.fetch.program, "Whose: news-signal, ml-inference")->required();
  CLI::Option* recorded =
      fetch->add_option("--recorded", f.fetch.recorded, "From the recorder's folder")
          ->type_name("DIR")
          ->check(CLI::ExistingDirectory);
  fetch
      ->add_option("--bus", f.fetch.bus_file, "From Kafka itself: YAML file that names the cluster")
      ->check(CLI::ExistingFile)
      ->excludes(recorded);
  fetch->add_option("--out", f.fetch.out_folder, "Folder to make")->type_name("DIR")->required();
  fetch
      ->add_option_function<std::string>(
          "--run",
          [&f](const std::string& text) {
            f.fetch.run = ParseWhole(text, 16);
            if (!f.fetch.run) RefuseArgument("--run", "'" + text + "' is no run; 16 hex digits");
          },
          "The journal of this run (hex, as `dump --segments` shows it; default the newest)")
      ->type_name("RUN");
  fetch->footer(
      "These two may run anywhere: their journals go to ops.journals.v1, byte for byte, before "
      "what "
      "they decided\n"
      "leaves. What is put together here is the journal as it was on their disk; verify, dump and "
      "replay take it.\n"
      "Exit code 1: a part of it is no longer kept there.\n\n"
      "  gannet journal fetch news-signal --bus bus.yaml --out fetched\n"
      "  gannet journal fetch ml-inference --recorded DIR --out fetched && gannet journal replay "
      "fetched");
  fetch->callback([&f, &d] {
    if (f.fetch.recorded.empty() && f.fetch.bus_file.empty())
      RequireArgument("--recorded or --bus");
    d.done(FetchJournal(d.files, f.fetch, d.out));
  });
}

void AddJournalSkip(CLI::App* journal, JournalFlags& f, const CommandDeps& d) {
  CLI::App* skip = AddJournalCommand(
      journal, "skip", "Give records up for lost, so that a journal that was set back may go on",
      f);
  // As text: CLI11 takes a number that is too large for the largest one.
  skip->add_option_function<std::string>(
          "--to",
          [&f](const std::string& text) {
            const auto to = ParseWhole(text, 10);
            if (!to) RefuseArgument("--to", "'" + text + "' is no number of a record");
            f.skip_to = *to;
          },
          "The newest of them, as the start that was refused names it")
      ->type_name("UINT")
      ->required();
  skip->footer(
      "A service on a bus does not start when Kafka has facts of it that its journal lacks: their "
      "ids would be given\n"
      "again, and the others would take what is new for repetitions. Put the newest copy of the "
      "journal back. Where\n"
      "there is none, this ends the journal with a gap: the service goes on behind it, without "
      "what it had decided\n"
      "there. Refused while a process has the journal open. What follows on a gap can be decided "
      "again only from the\n"
      "next start on.\n\n"
      "  gannet journal skip DIR --to 5120");
  skip->callback(
      [&f, &d] { d.done(SkipLostRecords(d.files, f.dir, d.clock.Now(), f.skip_to, d.out)); });
}

}  // namespace

void AddJournal(CLI::App& app, JournalFlags& f, const CommandDeps& d) {
  f.dir = d.data_dir;
  CLI::App* journal = app.add_subcommand(
      "journal", "The record of every input and decision: check, print, decide again, prune");
  journal->require_subcommand(1);
  CLI::App* verify = AddJournalCommand(
      journal, "verify", "Check every byte: frames, sequence, hash chain, snapshots", f);
  verify->footer(
      "Names the first bad record by file and byte, and the longest valid prefix; prints the last "
      "value of the hash\n"
      "chain, which proves that nothing was changed if it is kept elsewhere. Changes nothing. Exit "
      "code 0: valid, or\n"
      "only with the unfinished tail that a crash leaves; 1: damaged.\n\n"
      "  gannet journal verify ~/.local/share/gannet");
  verify->callback([&f, &d] { d.done(VerifyJournal(d.files, f.dir, d.out)); });
  AddJournalDump(journal, f, d);
  CLI::App* replay = AddJournalCommand(
      journal, "replay", "Decide again from the recorded inputs and compare every fact", f);
  replay->footer(
      "The journal of a `gannet run` states the configuration, services and models it had; nothing "
      "else is needed and\n"
      "no key is read. Prints the counts of each topic, the hash of intents, verdicts and "
      "execution reports, and the\n"
      "first fact that is not the same, with both sides. Exit code 0: all equal; 1: a difference, "
      "or the journal cannot\n"
      "be decided again (pruned, damaged, records dropped on a full disk).\n\n"
      "  gannet journal replay ~/.local/share/gannet");
  replay->callback([&f, &d] { d.done(CompareJournal(d.files, f.dir, d.build, d.out)); });
  AddJournalPrune(journal, f, d);
  AddJournalSkip(journal, f, d);
  AddJournalFetch(journal, f, d);
  journal->footer(
      "DIR is the data folder of `gannet run` (--data) or a journal itself; without it the default "
      "data folder.\n"
      "Each has its own help: gannet journal verify --help. What a journal is: docs/journal.md.");
}

}  // namespace gannet::app
