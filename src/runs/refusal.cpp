#include "runs/refusal.h"

#include <fmt/format.h>

#include <functional>

#include "base/error.h"
#include "base/text.h"
#include "refresh/document.h"
#include "refresh/recipients.h"

namespace runs {
namespace {

using base::Json;

const char* error_of(Refusal why) {
  switch (why) {
    case Refusal::invalid_file:
      return "FileInvalid";
    case Refusal::plan:
      return "PlanRefused";
    case Refusal::busy:
      return "AlreadyRunning";
    case Refusal::account:
      return "AccountRefused";
  }
  return "";
}

/// What a file of either form that may be wrong anywhere says for sure.
class Said {
 public:
  explicit Said(const Json& file)
      : file_(file.is_object() ? file : Json::object()), is_short_(file_.contains("refresh")) {}

  std::string text(const char* member, const char* field) const {
    const auto found = file_.find(member);
    return found != file_.end() && found->is_object() ? word(*found, field) : "";
  }
  bool is_cluster() const {
    return is_short_ ? word(file_, "kind") == "cluster" : text("restore", "dbservice") == "aurora";
  }
  std::string source() const {
    if (!is_short_) return name(text("restore", is_cluster() ? "sourcecluster" : "source"));
    const std::string brief = word(file_, "from");
    return name(brief.empty() ? text("from", "source") : brief);
  }
  std::string target() const {
    if (is_short_) return name(word(file_, "refresh"));
    return name(text("restore", is_cluster() ? "targetcluster" : "target"));
  }
  /// Whose application it is, and in which environment.
  std::string label(const char* field) const {
    return is_short_ ? word(file_, field) : text("restore", field);
  }
  std::string ledger() const {
    return is_short_ ? word(file_, "ledger") : text("updatedynamodb", "tablename");
  }
  /// Whom it wants to hear of it; of what is not as it should be, nobody.
  refresh::Recipients recipients() const {
    const auto section = file_.find(is_short_ ? "notify" : "sendmsg");
    if (section == file_.end()) return {};
    if (section->is_string()) return {.topic = *section};
    if (!section->is_object()) return {};
    const Json webhook = section->value("webhook", Json::object());
    refresh::Recipients said = {
        .topic = word(*section, is_short_ ? "topic" : "topicarn"),
        .to = texts(*section, is_short_ ? "to" : "mailto"),
        .webhook = word(is_short_ ? webhook : *section, is_short_ ? "url" : "webhookurl"),
        .webhook_secret = word(is_short_ ? webhook : *section, is_short_ ? "secret" : "webhooksecret"),
        .on = texts(*section, is_short_ ? "on" : "tellon")};
    std::erase_if(said.to, [](const std::string& each) { return !refresh::address_fault(each).empty(); });
    if (!refresh::webhook_fault(said.webhook).empty()) said.webhook.clear();
    return said;
  }

 private:
  static std::string word(const Json& object, const char* field) {
    const auto found = object.find(field);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  }
  static std::vector<std::string> texts(const Json& object, const char* field) {
    const auto found = object.find(field);
    if (found == object.end()) return {};
    if (found->is_string()) return base::split_list(found->get<std::string>());
    std::vector<std::string> all;
    for (const Json& each : *found)
      if (each.is_string()) all.push_back(each.get<std::string>());
    return all;
  }
  /// Only what is one: it goes into lists and the heads of mails.
  static std::string name(const std::string& text) {
    return provider::is_identifier(text) ? base::lower(text) : "";
  }

  const Json file_;
  bool is_short_;
};

std::string cause_of(const std::vector<base::Problem>& problems) {
  std::string cause;
  for (const auto& each : problems)
    if (!each.warning) cause += fmt::format("{}{}: {}", cause.empty() ? "" : "\n", each.path, each.message);
  return cause;
}

class Recording {
 public:
  Recording(World& world, std::string id, const Planned& planned, Refusal why, const std::string& place)
      : world_(world),
        id_(std::move(id)),
        place_(place.empty() ? "" : place + "/"),
        planned_(planned),
        said_(planned.file.document.value()),
        error_(error_of(why)),
        cause_(cause_of(planned.problems)),
        now_(world.clock.now()) {}

  std::vector<base::Problem> record() {
    attempt("the list of runs", [this] { in_journal(); });
    attempt("the ledger", [this] { in_ledger(); });
    attempt("a message", [this] { by_message(); });
    return std::move(failures_);
  }

 private:
  void attempt(const char* where, const std::function<void()>& write) {
    try {
      write();
    } catch (const base::Error& error) {
      failures_.push_back(
          {0, "$", fmt::format("the refusal could not be recorded in {}: {}", where, to_string(error)),
           true});
    }
  }

  void in_journal() {
    Json input = {{"run", id_}, {"results", Json::object()}};
    const std::string target = said_.target();
    world_.journal.record(
        {.id = id_,
         .name = id_,
         .subject = target.empty()
                        ? ""
                        : fmt::format("{}{}/{}", place_, said_.is_cluster() ? "cluster" : "instance", target),
         .machine = world_.journal.put_machine(refresh::state_machine().dump()),
         .status = "REFUSED",
         .snapshot = Json{{"root", {{"state", nullptr}, {"input", input}}},
                          {"problems", problems_view(planned_.path, planned_.problems)}}
                         .dump(-1, ' ', false, Json::error_handler_t::replace),
         .created = now_,
         .ended = now_,
         .error = error_,
         .cause = cause_});
  }

  /// In the home where the account does not take it.
  void in_ledger() {
    const std::string now = base::ledger_utc(now_), table = said_.ledger();
    const provider::LedgerRow row{.run = id_,
                                  .dbinstance = said_.target(),
                                  .restoredate = now,
                                  .appname = said_.label("application"),
                                  .environment = said_.label("environment"),
                                  .source = said_.source(),
                                  .restoretype = said_.text("restore", "restoretype"),
                                  .snapshot = "null",
                                  .status = "refused",
                                  .recordingtime = now,
                                  .durations = "{}",
                                  .reason = cause_};
    const std::string name = table.empty() ? provider::usual_ledger : table;
    try {
      world_.services().ledger.record(name, row);
    } catch (const base::Error&) {
      if (&world_.services().ledger != &world_.ledger) world_.ledger.record(name, row);
      throw;
    }
  }

  void by_message() {
    const std::string target = said_.target().empty() ? "a database" : said_.target();
    const std::string facts = fmt::format("Run:      {}\nFile:     {}\nReason:   {}\n", id_, planned_.path,
                                          cause_),
                      more = fmt::format("More:     dbrefresh history {}\n", id_);
    const std::string happened =
        fmt::format("{} was NOT refreshed: nothing was begun, and nothing was changed.\n", target);
    provider::Message message = {
        .id = id_,
        .subject = fmt::format("Refresh of {} [REFUSED]", target).substr(0, longest_subject),
        .body = happened + facts + more,
        .headline = fmt::format("REFUSED: {} was not refreshed", target),
        .letter = happened + "\n" + facts +
                  "Then:     mend what the reason says; dbrefresh plan FILE tells whether it is well\n" +
                  more,
        .data = {{"run", id_},
                 {"target", said_.target().empty() ? Json() : Json(said_.target())},
                 {"file", planned_.path},
                 {"cause", cause_}}};
    refresh::address(message, said_.recipients(), "refused");
    world_.services().notifier.send(message);
  }

  static constexpr std::size_t longest_subject = 99;  ///< SNS Publish: fewer than 100

  World& world_;
  std::string id_, place_;
  const Planned& planned_;
  Said said_;
  std::string error_, cause_;
  base::Time now_;
  std::vector<base::Problem> failures_;
};

}  // namespace

std::vector<base::Problem> record_refusal(World& world, const std::string& id, const Planned& planned,
                                          Refusal why, const std::string& place) {
  return Recording(world, id, planned, why, place).record();
}

}  // namespace runs
