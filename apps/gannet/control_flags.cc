#include "apps/gannet/control_flags.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "apps/gannet/flags.h"
#include "libs/base/time.h"

namespace gannet::app {
namespace {

constexpr char kExits[] =
    "Exit codes: 0 done, 1 failed, 2 wrong command line, 4 nothing answers there, 5 denied.";
constexpr char kScopes[] =
    "SCOPE is firm, or account:NAME, strategy:NAME, venue:NAME, instrument:VENUE:SYMBOL.\n";

class Builder {
 public:
  Builder(ControlFlags& flags, base::Files& files, std::ostream& out, std::ostream& err,
          std::function<void(int)> ended)
      : f_(flags), files_(files), out_(out), err_(err), ended_(std::move(ended)) {}

  CLI::App* Group(CLI::App& app, const std::string& name, const std::string& help) {
    CLI::App* group = app.add_subcommand(name, help);
    group->require_subcommand(1);
    group->footer("Each has its own help: gannet " + name + " COMMAND --help.");
    return group;
  }
  CLI::App* Command(CLI::App& app, const std::string& name, const std::string& help,
                    const std::string& notes, std::function<int(Console)> run) {
    CLI::App* command = app.add_subcommand(name, help);
    command->add_option("--data", f_.control.data_dir, "Data folder of the running process")
        ->type_name("DIR")
        ->capture_default_str();
    command->add_option("--address", f_.control.address,
                        "Ask over TCP (HOST:PORT) instead of the socket in the data folder");
    command
        ->add_option("--token-file", f_.control.token_file,
                     "With --address: the secret to show; else rpc.token of the data folder")
        ->type_name("FILE");
    command
        ->add_option("--ca", f_.control.ca_file,
                     "With --address: use TLS; the server's certificate is from this authority")
        ->type_name("FILE");
    command->add_flag("--json", f_.control.json, "Print the answer as JSON (fields as in proto/)");
    command
        ->add_option_function<std::string>(
            "--timeout",
            [this](const std::string& text) {
              if (const auto value = base::ParseDuration(text)) f_.control.timeout = *value;
            },
            "How long to wait for the answer (default 10s)")
        ->check(IsDuration)
        ->type_name("DURATION");
    command->footer(notes + kExits);
    command->callback([this, run = std::move(run)] { ended_(run(Console{files_, out_, err_})); });
    return command;
  }
  // Of those that change something.
  void Change(CLI::App* command, bool reason_required) {
    CLI::Option* reason = command->add_option("--reason", f_.control.reason, "Why, for the record");
    if (reason_required) {
      reason->required()->check([](const std::string& text) {
        const bool blank = text.find_first_not_of(" \t\n") == std::string::npos;
        return blank ? std::string("is empty; say why, for the record") : std::string();
      });
    }
    command->add_option("--request-id", f_.control.request_id,
                        "Names this command: given again, it is not done twice");
  }

  ControlFlags& f_;
  base::Files& files_;
  std::ostream& out_;
  std::ostream& err_;
  std::function<void(int)> ended_;
};

void AddParentOptions(CLI::App& submit, OrderOptions& order) {
  CLI::Option* algo =
      submit.add_option("--algo", order.algo, "Work it as a parent order")
          ->check(CLI::IsMember({"twap", "vwap", "pov", "iceberg", "route", "bracket", "oco"}));
  CLI::Option* life =
      submit.add_option("--for", order.life, "Its time limit, from now (--algo, --tif gtd)")
          ->check(IsDuration)
          ->type_name("DURATION");
  const auto option = [&](const char* name, auto& value, const char* help) {
    return submit.add_option(name, value, help)->needs(algo)->needs(life);
  };
  option("--slices", order.slices, "twap: how many");
  option("--weights", order.weights, "vwap: share of each slice, separated by commas")
      ->delimiter(',');
  option("--participation", order.participation, "pov: share of what the market trades, as 10%");
  option("--visible", order.visible, "iceberg: quantity that is shown");
  option("--venues", order.venues, "route: instruments of other venues, separated by commas")
      ->delimiter(',');
  option("--take-profit", order.take_profit, "bracket, oco: price to leave at with a gain");
  option("--stop", order.stop, "bracket, oco: price at which to leave with a loss");
  option("--stop-limit", order.stop_limit, "bracket, oco: worst price of that");
  option("--max-children", order.max_children, "At most so many child orders (default 1000)");
}

void AddAudit(CLI::App& app, Builder& b) {
  ControlFlags& f = b.f_;
  CLI::App* audit = b.Command(
      app, "audit", "Who did what, when, and what came of it, newest first",
      "Commands with what the engines answered, sign-ins, consent, users, reports. A KIND is "
      "written as it is\nshown: kill, resume, set-trading-state, submit-order, propose-limits, "
      "approve-limits, sign-in …\n\n"
      "  gannet audit --kind kill,resume\n"
      "  gannet audit --person ann --from 2026-11-01T00:00:00Z --json\n\n",
      [&f](Console console) { return ListAudit(f.control, f.audit, console); });
  audit->add_option("--person", f.audit.persons, "Only theirs, separated by commas")
      ->delimiter(',')
      ->type_name("NAME");
  audit->add_option("--kind", f.audit.actions, "Only these, separated by commas")
      ->delimiter(',')
      ->type_name("KIND");
  AddTime(audit, "--from", f.audit.from, "From this time on");
  AddTime(audit, "--to", f.audit.to, "Before this time");
  audit->add_option("--limit", f.audit.limit, "At most so many")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
}

void AddOrders(CLI::App& app, Builder& b) {
  ControlFlags& f = b.f_;
  CLI::App* order =
      b.Group(app, "order", "Orders by hand: submit, amend, replace, cancel, list, show");
  CLI::App* submit = b.Command(
      *order, "submit", "Give an order; it takes the same path through risk as any",
      "Prices and quantities are decimal numbers. The answer names the order and how far it came: "
      "journaled, or\ndenied with risk's reason.\n\n"
      "  gannet order submit binance-spot:BTCUSDT buy 0.01 --price 61000 --reason \"by hand\"\n"
      "  gannet order submit binance-spot:ETHUSDT sell 0.5 --type market --tif ioc\n"
      "  gannet order submit binance-usdm:BTCUSDT sell 0.01 --type trailing-stop --trail 1.5% "
      "--reduce-only\n\n"
      "With --tif gtd it ends after --for, at venues that have such orders (Binance USD-M, from "
      "ten "
      "minutes on):\n\n"
      "  gannet order submit binance-usdm:BTCUSDT buy 0.01 --price 60000 --tif gtd --for 8h\n\n"
      "With --algo it is a parent order, worked in smaller ones until it is filled or --for is "
      "over (docs/algos.md):\n\n"
      "  gannet order submit binance-spot:BTCUSDT buy 0.5 --price 61500 --algo twap --for 10m "
      "--slices 20\n"
      "  gannet order submit binance-spot:BTCUSDT buy 0.5 --price 61500 --algo pov --for 1h "
      "--participation 10%\n"
      "  gannet order submit binance-spot:BTCUSDT buy 0.1 --price 60000 --algo bracket --for 8h "
      "--take-profit 62000\n    --stop 59000 --stop-limit 58900\n\n",
      [&f](Console console) { return SubmitOrder(f.control, f.order, console); });
  submit->add_option("INSTRUMENT", f.order.instrument, "venue:symbol")->required();
  submit->add_option("SIDE", f.order.side, "buy or sell")
      ->required()
      ->check(CLI::IsMember({"buy", "sell"}));
  submit->add_option("QUANTITY", f.order.quantity, "How much, in the base asset")->required();
  submit->add_option("--price", f.order.price, "Limit price");
  submit->add_option("--stop-price", f.order.stop_price, "Of stop and take-profit orders");
  submit->add_option("--trail", f.order.trail,
                     "trailing-stop: how far behind the best price, as 1.5%");
  submit
      ->add_option("--activation", f.order.stop_price,
                   "trailing-stop: the price from which on it trails; at once unless stated")
      ->excludes("--stop-price");
  submit->add_option("--type", f.order.type, "What kind of order")
      ->check(CLI::IsMember({"market", "limit", "stop", "stop-limit", "take-profit",
                             "take-profit-limit", "trailing-stop"}))
      ->capture_default_str();
  submit->add_option("--tif", f.order.time_in_force, "How long it stands")
      ->check(CLI::IsMember({"gtc", "ioc", "fok", "post-only", "gtd"}))
      ->capture_default_str();
  submit->add_flag("--reduce-only", f.order.reduce_only, "Never more than the position it closes");
  submit->add_option("--account", f.order.account, "Whose order it is")->capture_default_str();
  AddParentOptions(*submit, f.order);
  b.Change(submit, false);

  const auto changes = [&f, &b](CLI::App* command) {
    command->add_option("ORDER", f.order.id, "Its client order id")->required();
    command->add_option("--price", f.order.price, "New limit price");
    command->add_option("--quantity", f.order.quantity, "New quantity");
    b.Change(command, false);
  };
  CLI::App* amend = b.Command(
      *order, "amend", "Change price or quantity of one of yours in place; it keeps its id",
      "What is left out stays as it was. The quantity is the total, what is filled already "
      "included. Binance spot makes orders smaller and changes nothing else, which keeps their "
      "place in the queue; where a venue cannot do what is asked, it is refused: replace the order "
      "then.\n\n  gannet order amend g1AbC… --quantity 0.005\n\n",
      [&f](Console console) { return AmendOrder(f.control, f.order, console); });
  changes(amend);

  CLI::App* replace = b.Command(
      *order, "replace", "Put another order in the place of one of yours",
      "What is left out stays as it was. The quantity is the total, what is filled already "
      "included.\n\n  gannet order replace g1AbC… --price 61050\n\n",
      [&f](Console console) { return ReplaceOrder(f.control, f.order, console); });
  changes(replace);

  CLI::App* cancel =
      b.Command(*order, "cancel", "Cancel an order, whichever strategy gave it",
                "The order has ended when its state says so: see gannet order show.\n\n"
                "  gannet order cancel g1AbC…\n\n",
                [&f](Console console) { return CancelOrder(f.control, f.order, console); });
  cancel->add_option("ORDER", f.order.id, "Its client order id")->required();
  cancel->add_option("--account", f.order.account, "Whose order it is")->capture_default_str();
  b.Change(cancel, false);

  CLI::App* list = b.Command(
      *order, "list", "Orders since the process began, newest first",
      "  gannet order list --open\n  gannet order list --strategy maker --limit 5 --json\n\n",
      [&f](Console console) { return ListOrders(f.control, f.order, console); });
  list->add_flag("--open", f.order.open_only, "Only those that have not ended");
  list->add_option("--strategy", f.order.strategies, "Only of these, separated by commas")
      ->delimiter(',');
  list->add_option("--instrument", f.order.instruments, "Only in these, separated by commas")
      ->delimiter(',');
  list->add_option("--limit", f.order.limit, "At most so many")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();

  CLI::App* show =
      b.Command(*order, "show", "All that is known of one order", "  gannet order show g1AbC…\n\n",
                [&f](Console console) { return ShowOrder(f.control, f.order, console); });
  show->add_option("ORDER", f.order.id, "Its client order id")->required();
}

void AddStates(CLI::App& app, Builder& b) {
  ControlFlags& f = b.f_;
  CLI::App* halt =
      b.Command(app, "halt", "Stop new orders of a scope; what works goes on",
                std::string(kScopes) +
                    "Or a model, model:NAME@VERSION: orders that rest on it only reduce.\n\n"
                    "  gannet halt strategy:maker --reason \"spread too wide\"\n"
                    "  gannet halt firm --state reducing --reason \"end of day\"\n\n"
                    "Exit code 8: nothing of that name has been heard of; it is recorded, and "
                    "holds for what\nappears under it.\n",
                [&f](Console console) { return Halt(f.control, f.scope, f.state, console); });
  halt->add_option("SCOPE", f.scope, "What to stop")->required();
  halt->add_option("--state", f.state, "How far")
      ->check(CLI::IsMember({"reducing", "cancel-only", "halted"}))
      ->capture_default_str();
  b.Change(halt, true);

  CLI::App* resume =
      b.Command(app, "resume", "Let a scope trade again, after halt or kill",
                std::string(kScopes) +
                    "Or model:NAME@VERSION, or service:NAME that was lost too often.\n"
                    "Your name and the reason are recorded.\n\n"
                    "  gannet resume firm --reason \"feed checked\"\n\n",
                [&f](Console console) { return Resume(f.control, f.scope, console); });
  resume->add_option("SCOPE", f.scope, "What to let go")->required();
  b.Change(resume, true);

  CLI::App* kill = b.Command(
      app, "kill", "The kill switch: no new orders, and what works is cancelled",
      std::string(kScopes) +
          "Followed for --timeout to the end that the venue has confirmed: every order of "
          "the scope over, and\nnone of it in the venue's lists. Give it where execution "
          "runs (--data of that process) when Kafka or risk\nis down. Lifted by gannet "
          "resume only.\n\n"
          "  gannet kill firm --reason \"runaway\"\n"
          "  gannet kill strategy:maker --flatten --reason \"out of this\" --timeout 60s\n"
          "  gannet kill firm --drill --reason \"monthly drill\" --timeout 30s\n\n"
          "With --flatten execution then closes what each strategy of the scope holds, as far "
          "as the venue proves it,\nat prices near the venue's own bid and ask "
          "(execution.flatten_collar), and again until nothing is left or\nthe switch is "
          "lifted. What cannot be closed is named; exit code 6 then too.\n\n"
          "A drill is a kill switch: it withdraws what works. It prints how long each "
          "part took, and is then\nlifted again. Exit code 1: also a drill whose switch stays on; "
          "6: the end is not verified "
          "yet; 8: nothing of that name has been heard of\n(it is recorded, and holds for what "
          "appears under "
          "it).\n",
      [&f](Console console) { return Kill(f.control, f.scope, f.kill, console); });
  kill->add_option("SCOPE", f.scope, "What to stop")->required();
  CLI::Option* drill =
      kill->add_flag("--drill", f.kill.drill, "Measure it, and lift it again when it is over");
  kill->add_flag("--keep", f.kill.keep, "Of a drill: leave it on")->needs(drill);
  kill->add_flag("--flatten", f.kill.flatten, "Close what the scope holds")->excludes(drill);
  b.Change(kill, true);
}

void AddLimits(CLI::App& app, Builder& b) {
  ControlFlags& f = b.f_;
  CLI::App* limits =
      b.Group(app, "limits", "The limits of the risk gate: show, propose, approve, reject");
  CLI::App* show =
      b.Command(*limits, "show", "Those in force", std::string(kScopes), [&f](Console console) {
        return f.show_file ? PrintLimitsFile(f.control, console)
                           : ShowLimits(f.control, f.scope, console);
      });
  show->add_option("SCOPE", f.scope, "Only what this scope states");
  show->add_flag("--file", f.show_file, "Print the file that they were read from");
  CLI::App* propose = b.Command(
      *limits, "propose", "Propose a whole limits file; another person approves it",
      "Begin with the file in force, change it there, and raise its version by one:\n\n"
      "  gannet limits show --file > limits.yaml\n"
      "  gannet limits propose limits.yaml --reason \"room for the new strategy\"\n\n"
      "What is refused says line, key and what is allowed.\n",
      [&f](Console console) { return ProposeLimits(f.control, f.file, f.new_names, console); });
  propose->add_option("FILE", f.file, "The limits file")->required();
  propose->add_flag("--new-names", f.new_names,
                    "Accounts, strategies, venues and instruments never heard of are meant");
  b.Change(propose, true);
  CLI::App* proposals = b.Command(
      *limits, "proposals", "Who wanted what changed, who decided, and why", "",
      [&f](Console console) { return ListLimitProposals(f.control, f.open_only, console); });
  proposals->add_flag("--open", f.open_only, "Only those not decided");
  for (const bool approves : {true, false}) {
    CLI::App* settle = b.Command(*limits, approves ? "approve" : "reject",
                                 approves ? "Approve a proposal of another person: in force at once"
                                          : "Reject a proposal, or withdraw one's own",
                                 "", [&f, approves](Console console) {
                                   return approves ? ApproveLimits(f.control, f.proposal, console)
                                                   : RejectLimits(f.control, f.proposal, console);
                                 });
    settle->add_option("ID", f.proposal, "Number of the proposal")->required();
    b.Change(settle, true);
  }
}

void AddTruth(CLI::App& app, Builder& b) {
  ControlFlags& f = b.f_;
  CLI::App* reconcile = b.Command(
      app, "reconcile", "What the venue holds beside what is held here: orders, fills, balances",
      "Asks the venue, books what it says (unless --dry-run), and prints both sides and the "
      "difference. What differs\nonly once is in motion, and said to be. Ask the process that "
      "hosts execution.\n\n"
      "  gannet reconcile --dry-run\n  gannet reconcile --json --timeout 30s\n\n"
      "Exit code 0: equal, 7: different.\n",
      [&f](Console console) { return Reconcile(f.control, f.adjust.venue, f.dry_run, console); });
  reconcile->add_flag("--dry-run", f.dry_run, "Book nothing");
  reconcile->add_option("--venue", f.adjust.venue, "This one only, of all that execution serves");

  CLI::App* adjust =
      b.Group(app, "adjust",
              "Sign a difference or the end of a lost order: list, propose, approve, reject");
  b.Command(*adjust, "list",
            "Differences and orders that a venue does not find, and what people said of them", "",
            [&f](Console console) { return ListAdjustments(f.control, console); });
  CLI::App* propose = b.Command(
      *adjust, "propose",
      "Name a difference, or the end of an order that its venue does not find; another person "
      "approves it",
      "SUBJECT is the asset, or the instrument of a position. What is booked is the difference as "
      "it is now; should it\nchange, the proposal is out of date. An asset is booked --as a "
      "transfer (money came or went: no gain or\nloss) or a result. A position is booked to "
      "EXTERNAL at --price.\n\n"
      "--order names an open order that the venue does not find (`gannet adjust list` has them). "
      "Approved, it ends CANCELED\nwith what is booked of it as filled, and its instrument opens "
      "again. --evidence says where its end can be seen.\n\n"
      "  gannet adjust propose USDT --as result --reason \"rebate of June, see ticket 12\"\n"
      "  gannet adjust propose binance-usdm:BTCUSDT --price 61000 --reason \"closed by hand\"\n"
      "  gannet adjust propose --order g1Jq0w3V9c5Zk8mT2xYbLd1 --evidence https://tickets/12 "
      "--reason \"purged\""
      "\n\n",
      [&f](Console console) { return ProposeAdjustment(f.control, f.adjust, console); });
  CLI::Option* subject = propose->add_option("SUBJECT", f.adjust.subject, "Asset or instrument");
  propose->add_option("--as", f.adjust.book_as, "Of an asset: transfer, or result");
  propose->add_option("--price", f.adjust.price, "Of a position: at which it is booked");
  CLI::Option* order =
      propose->add_option("--order", f.adjust.order, "In place of SUBJECT: an order that is lost");
  order->excludes(subject);
  propose->add_option("--evidence", f.adjust.evidence, "Of an order: where its end can be seen")
      ->needs(order);
  propose
      ->add_option("--filled", f.adjust.filled,
                   "Of an order: what was filled of it; another figure than is booked is refused")
      ->needs(order);
  const auto whose = [&f](CLI::App* command) {
    command->add_option("--account", f.adjust.account, "Whose books")->capture_default_str();
    command->add_option("--venue", f.adjust.venue, "Where, if execution serves several");
  };
  whose(propose);
  b.Change(propose, true);
  for (const bool approves : {true, false}) {
    CLI::App* settle = b.Command(*adjust, approves ? "approve" : "reject",
                                 approves ? "Approve a proposal of another person: booked at once"
                                          : "Reject a proposal, or withdraw one's own",
                                 "", [&f, approves](Console console) {
                                   return approves ? ApproveAdjustment(f.control, f.adjust, console)
                                                   : RejectAdjustment(f.control, f.adjust, console);
                                 });
    settle->add_option("ID", f.adjust.proposal, "Number of the proposal")->required();
    whose(settle);
    b.Change(settle, true);
  }
}

void AddHealthcheck(CLI::App& app, const std::shared_ptr<Builder>& b) {
  HealthcheckOptions& f = b->f_.health;
  CLI::App* check = app.add_subcommand("healthcheck", "Whether a process serves, as an exit code");
  check->add_option("--data", f.data_dir, "Data folder of the process: its socket is asked")
      ->type_name("DIR");
  CLI::Option* address =
      check->add_option("--address", f.address, "Ask over TCP (HOST:PORT) instead");
  CLI::Option* ca = check
                        ->add_option("--ca", f.ca_file,
                                     "Use TLS; the server's certificate is from this authority")
                        ->type_name("FILE")
                        ->needs(address);
  CLI::Option* certificate = check
                                 ->add_option("--certificate", f.certificate_file,
                                              "Where callers have to show one: this, and --key")
                                 ->type_name("FILE")
                                 ->needs(ca);
  CLI::Option* key =
      check->add_option("--key", f.key_file, "and its key")->type_name("FILE")->needs(certificate);
  certificate->needs(key);
  check
      ->add_option("--server-name", f.server_name,
                   "Name in the server's certificate, when it is not the host's")
      ->needs(ca);
  check->add_option("--service", f.service,
                    "One service of the process, as gannet.risk.v1.RiskService; else all of it");
  check->add_flag("--alive", f.alive, "Any answer will do: a process that drains is alive");
  check
      ->add_option_function<std::string>(
          "--timeout",
          [&f](const std::string& text) {
            if (const auto value = base::ParseDuration(text)) f.timeout = *value;
          },
          "How long to wait for the answer (default 2s)")
      ->check(IsDuration)
      ->type_name("DURATION");
  check->footer(
      "Asks the standard health service (grpc.health.v1); needs no token. For probes of "
      "containers.\n\n"
      "Exit codes: 0 serving, 1 it answers and does not serve, 2 wrong command line, 4 nothing "
      "answers there.");
  check->callback([b, &f] {
    if (f.address.empty() == f.data_dir.empty()) {
      b->err_ << "gannet: name the process: either --data or --address\n";
      return b->ended_(kControlUsage);
    }
    b->ended_(CheckHealth(f, Console{b->files_, b->out_, b->err_}));
  });
}

}  // namespace

void AddControl(CLI::App& app, ControlFlags& flags, base::Files& files, std::ostream& out,
                std::ostream& err, std::function<void(int)> ended) {
  // Lives as long as the callbacks that refer to it.
  const auto b = std::make_shared<Builder>(flags, files, out, err, std::move(ended));
  ControlFlags& f = flags;
  b->Command(app, "status", "How a running process does: services, trading, journal",
             "Also which scopes are halted, killed or restricted. Asks over the socket in the data "
             "folder, which its owner alone can open.\n\n",
             [b](Console console) { return ShowStatus(b->f_.control, console); });
  AddHealthcheck(app, b);
  AddOrders(app, *b);
  CLI::App* position = b->Group(app, "position", "Positions by account and strategy");
  b->Command(*position, "list", "All of them, with result and fees", "",
             [&f](Console console) { return ListPositions(f.control, console); });
  AddLimits(app, *b);
  AddStates(app, *b);
  AddTruth(app, *b);
  AddAudit(app, *b);
  CLI::App* signals = b->Group(app, "signals", "What news-signal made of the headlines");
  CLI::App* tail = b->Command(
      *signals, "tail", "The newest, then each as it is made",
      "Columns: time, event type, sentiment, confidence, instruments, headline. Ctrl-C ends it.\n\n"
      "  gannet signals tail --count 5 --no-follow\n\n",
      [&f](Console console) { return TailSignals(f.control, f.count, f.follow, console); });
  tail->add_option("--count", f.count, "How many of those that there are")
      ->check(CLI::Range(0, 1'000))
      ->capture_default_str();
  tail->add_flag_callback(
      "--no-follow", [&f] { f.follow = false; }, "End after those");
}

void AddPortfolioRisk(CLI::App& risk, ControlFlags& flags, base::Files& files, std::ostream& out,
                      std::ostream& err, std::function<void(int)> ended) {
  const auto b = std::make_shared<Builder>(flags, files, out, err, std::move(ended));
  b->Command(risk, "portfolio", "What the portfolio of a running process could lose",
             "VaR and expected shortfall by four methods, stress paths, the backtest of the VaR, "
             "alarms,\nand what of it restricts trading (docs/portfolio-risk.md).\n\n",
             [b](Console console) { return ShowPortfolioRisk(b->f_.control, console); });
}

}  // namespace gannet::app
