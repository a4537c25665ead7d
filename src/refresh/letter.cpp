#include "refresh/letter.h"

#include <fmt/format.h>

#include "base/text.h"
#include "refresh/document.h"
#include "refresh/lookup.h"
#include "refresh/masking.h"
#include "refresh/workflow.h"

namespace refresh {
namespace {

constexpr std::size_t longest_subject = 99;  // SNS Publish: fewer than 100 characters

/// The command that does this with the run, by whoever drives it: the embedded engine, or Step Functions.
std::string command_for(const StepContext& step, const char* verb) {
  const std::string execution = step.state.value("execution", "");
  if (execution.empty()) return fmt::format("dbrefresh {} {}", verb, step.run());
  return fmt::format("dbrefresh --provider aws {} {}", verb, execution.substr(execution.rfind(':') + 1));
}

/// One message each time that a run ends.
std::string message_id(const StepContext& step) {
  const int again = rolled_back_again(step.state);
  return again == 0 ? step.run() : fmt::format("{}-{}", step.run(), again + 1);
}

/// Passwords that stood where others than the database's users may read them.
std::string leaked_line(const StepContext& step) {
  const auto all = step.state.value("leaked", std::vector<std::string>{});
  if (all.empty()) return "";
  return fmt::format(
      "Leaked:   {} stood in the input of the execution: whoever may look at executions can read it. "
      "dbrefresh launch "
      "keeps passwords out\n",
      base::join(all, ", "));
}

/// The texts of one message.
class Letter {
 public:
  Letter(StepContext& step, bool failed)
      : step_(step),
        failed_(failed),
        kind_(step.names().at("kind")),
        target_(step.names().at("target")),
        source_(step.names().at("source")),
        why_left_(failed ? roll_back_failure(step.state) : ""),
        made_(failed ? std::nullopt : new_database(step)) {}

  // ---- for topics, where programs may look for it as it was

  std::string subject() const {
    const std::string end = failed_ ? " [FAILED]" : " [COMPLETED]";
    std::string head = fmt::format("Application {}: restore of the database instance {}",
                                   step_.facts.application, step_.names().at("instance").get<std::string>());
    for (char& c : head)
      if (c < ' ' || c > '~') c = '?';
    if (head.size() + end.size() > longest_subject) head.resize(longest_subject - end.size());
    return head + end;
  }
  std::string body() const {
    std::string text = fmt::format("{} {} was {}refreshed from {} ({}).\n", kind_, target_,
                                   failed_ ? "NOT " : "", source_, step_.facts.restore_type);
    text += facts();
    if (!failed_) return text + masked() + way_in();
    text += reason();
    if (!why_left_.empty()) text += then();
    return text + more();
  }

  // ---- for people

  std::string headline() const {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time_taken(step_)).count();
    const std::string took = minutes < 1    ? "under a minute"
                             : minutes < 60 ? fmt::format("{} min", minutes)
                                            : fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
    if (!why_left_.empty())
      return fmt::format("NOT PUT BACK: {}, whose refresh from {} failed", target_, source_);
    if (failed_) return fmt::format("FAILED: {} was not refreshed from {}", target_, source_);
    return fmt::format("{} refreshed from {}{} ({})", target_, source_,
                       step_.facts.scripts ? "" : ", UNMASKED", took);
  }
  std::string letter() const {
    return sentences() + "\n" + facts() +
           (failed_ ? reason() + then() + more() : masked() + databases() + way_in());
  }

  // ---- for programs

  Json data() const {
    Json data = {{"run", step_.run()},
                 {"kind", kind_},
                 {"target", target_},
                 {"source", source_},
                 {"restoreType", step_.facts.restore_type},
                 {"dataTime", zoned(data_time_of(step_))},
                 {"started", zoned(step_.state.value("started", ""))},
                 {"seconds", time_taken(step_).count()}};
    if (failed_) {
      data.update({{"cause", cause_of(step_)}, {"state", state()}});
      data["notPutBack"] = why_left_.empty() ? Json() : Json(why_left_);
      return data;
    }
    data["masked"] = step_.facts.scripts.has_value();
    if (!step_.facts.scripts) data["unmaskedReason"] = unmasked_reason(step_.state);
    if (made_) data.update({{"host", made_->host}, {"port", made_->port}, {"user", made_->master_user}});
    return data;
  }

 private:
  static Json zoned(const std::string& ledger_time) {
    const auto time = base::parse_ledger_utc(ledger_time);
    return time ? Json(base::iso_utc(*time)) : Json();
  }

  std::string facts() const {
    std::string text = fmt::format("Run:      {}\n", step_.run());
    if (const std::string time = data_time_of(step_); !time.empty())
      text += fmt::format("Data of:  {} UTC\n", time);
    return text + leaked_line(step_);
  }
  std::size_t scripts() const {
    std::size_t count = step_.facts.scripts ? step_.facts.scripts->size() : 0;
    for (const auto& [name, decision] : step_.facts.databases) count += decision.scripts.size();
    return count;
  }
  std::string masked() const {
    if (!step_.facts.scripts) return fmt::format("Masked:   NO: {}\n", unmasked_reason(step_.state));
    const Json held = told(step_, "assertions");
    return fmt::format("Masked:   {} scripts ran before anyone could log in{}\n", scripts(),
                       held.is_null() ? "" : fmt::format(", and {} assertions held", held.dump()));
  }
  /// What became of each, a line each.
  std::string databases() const {
    std::string text;
    const auto tell = [&](const std::string& name, const std::string& what) {
      text += fmt::format("          {}: {}\n", name, what);
    };
    if (step_.facts.scripts && !step_.facts.scripts->empty())
      tell(made_ && !made_->db_name.empty() ? made_->db_name : "the initial database",
           base::join(*step_.facts.scripts, ", "));
    for (const auto& [name, decision] : step_.facts.databases)
      tell(name, decision.what == Decision::What::dropped ? "dropped"
                 : decision.what == Decision::What::clean ? "nothing to mask, as the file says"
                                                          : base::join(decision.scripts, ", "));
    return text;
  }
  /// How long it took, and how to connect.
  std::string way_in() const {
    const auto seconds = time_taken(step_).count();
    std::string text =
        fmt::format("Took:     {}:{:02}:{:02}\n", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (made_) text += fmt::format("Connect:  {}:{} as {}\n", made_->host, made_->port, made_->master_user);
    if (made_ && !made_->authority.empty())
      text += fmt::format("TLS:      {}, proven by {}\n", made_->tls == "require" ? "demanded" : "offered",
                          made_->authority);
    if (const std::string name = shown_secret_name(step_.facts, step_.names()); !name.empty())
      text += fmt::format("Password: {}\n", step_.services.secrets.how_to_read(name));
    return text;
  }

  /// That can be gone on with: of an execution of Step Functions nobody does that.
  bool has_kept_copy() const {
    return step_.state.value("keep_failed", false) && !step_.state.contains("execution") &&
           step_.databases.find(kind_of(step_), kept_name(target_, step_.run())).has_value();
  }
  std::string state() const {
    if (!why_left_.empty()) return "rolling back failed too: " + why_left_;
    const Json back =
        step_.state.value("results", Json::object()).value(roll_back_step().key, Json::object());
    return back.value("state", "everything was put back");
  }
  std::string reason() const { return fmt::format("Reason:   {}\nState:    {}\n", cause_of(step_), state()); }
  std::string then() const {
    if (!why_left_.empty())
      return fmt::format("Then:     mend that, and: {}\n", command_for(step_, "resume"));
    if (has_kept_copy())
      return fmt::format("Then:     mend what the reason says, and go on with its copy: {}\n",
                         command_for(step_, "retry"));
    return "Then:     mend what the reason says, and run its file again\n";
  }
  std::string more() const { return fmt::format("More:     {}\n", command_for(step_, "history")); }

  std::string sentences() const {
    const auto what =
        fmt::format("{}{} {}", static_cast<char>(kind_[0] - 'a' + 'A'), kind_.substr(1), target_);
    if (!why_left_.empty())
      return fmt::format(
          "{} was NOT refreshed from {}, and what was begun could not be put back:\nit may be that nothing "
          "serves "
          "under its name until somebody mends that.\n",
          what, source_);
    if (failed_)
      return fmt::format("{} was NOT refreshed from {}. What was begun was undone.\n", what, source_);
    const std::string shows =
        data_time_of(step_).empty() ? "" : fmt::format("It shows the data of {} UTC.\n", data_time_of(step_));
    const std::string how = step_.facts.scripts
                                ? "It was masked before anyone could log in."
                                : fmt::format("IT IS NOT MASKED, because: {}.", unmasked_reason(step_.state));
    return fmt::format("{} was refreshed from {}, and serves under its name.\n{}{}\n", what, source_, shows,
                       how);
  }

  StepContext& step_;
  bool failed_;
  std::string kind_, target_, source_;
  std::string why_left_;
  std::optional<provider::Database> made_;
};

}  // namespace

std::string data_time_of(const StepContext& step) {
  const Json time = told(step, "dataTime");
  return time.is_string() ? time.get<std::string>() : std::string();
}

std::string cause_of(const StepContext& step) {
  return plain_cause(step.state.value("failure", Json::object()).value("Cause", ""));
}

std::chrono::seconds time_taken(const StepContext& step) {
  const auto begun = base::parse_ledger_utc(step.state.value("started", ""));
  return begun ? std::chrono::duration_cast<std::chrono::seconds>(step.budget.clock.now() - *begun)
               : std::chrono::seconds(0);
}

std::string_view outcome_of(const StepContext& step, bool failed) {
  if (!failed) return "succeeded";
  return roll_back_failure(step.state).empty() ? "failed" : "not_put_back";
}

provider::Message message_of(StepContext& step, bool failed) {
  const Letter letter(step, failed);
  return {.id = message_id(step),
          .subject = letter.subject(),
          .body = letter.body(),
          .headline = letter.headline(),
          .letter = letter.letter(),
          .data = letter.data()};
}

}  // namespace refresh
