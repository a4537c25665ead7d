#include "runs/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "refresh/launch.h"
#include "refresh/lookup.h"
#include "runs/batch.h"
#include "runs/left.h"
#include "runs/view.h"

namespace runs {
namespace {

using base::Json;
using std::chrono::seconds;
using Rows = std::vector<store::ExecutionRow>;

constexpr std::string_view words_of_health[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
/// Who does not say which targets are meant is told of refused attempts at others for so long.
constexpr auto refusals_matter = std::chrono::hours(24);
/// Two machines' clocks may differ by so much.
constexpr auto clocks_differ = std::chrono::minutes(5);

bool is_path(const std::string& word) {
  const auto ends = [&](const char* ending) { return word.ends_with(ending); };
  if (ends(".json") || ends(".yaml") || ends(".yml")) return true;
  return !provider::is_identifier(word.substr(word.rfind('/') + 1)) || os::fs::exists(word);
}

/// Is this a message that nobody has got: given up, three days after it was written, no more than three days
/// ago, or waiting for longer than a receiver is away that is started anew?
bool is_undelivered(const os::fs::path& message, base::Time now) try {
  constexpr auto long_wait = std::chrono::hours(1), lately = std::chrono::hours(144);
  const std::string name = message.filename();
  const bool waits = name.ends_with(".unsent.txt"), given_up = name.ends_with(".undelivered.txt");
  if (!waits && !given_up) return false;
  const auto since = now - os::modified(message);
  return waits ? since > long_wait : since < lately;
} catch (const base::Error&) {  // it was delivered this moment
  return false;
}

std::vector<std::string> undelivered(const provider::local::Home& home, base::Time now) {
  std::vector<std::string> names;
  std::error_code none;  // a home without a mailbox has none
  for (const auto& each : os::fs::directory_iterator(home.mailbox(), none))
    if (is_undelivered(each.path(), now)) names.push_back(each.path().filename());
  std::ranges::sort(names);
  return names;
}

std::string name_in(const std::string& subject) {
  return subject.substr(subject.rfind('/') + 1);
}

/// The first line, of which a plugin's output makes one of its own.
std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

/// What can be said of one target.
class Look {
 public:
  Look(Books& books, base::Time now, Watched watched, std::string subject, Rows rows)
      : books_(books),
        now_(now),
        watched_(std::move(watched)),
        subject_(std::move(subject)),
        rows_(std::move(rows)) {
    for (const auto& row : rows_)
      if (row.status != "REFUSED") last_ = &row;
  }

  Json view() {
    if (!watched_.fault.empty()) tell(Health::unknown, "has a file that is not valid: " + watched_.fault);
    if (last_ != nullptr) look_at_last();
    look_at_refusals();
    look_at_data();
    Json view = {{"target", text(subject_.empty() ? watched_.target : subject_)},
                 {"file", text(watched_.file)},
                 {"status", to_string(health_)},
                 {"run", last_ == nullptr ? Json() : Json(last_->id)},
                 {"dataTime", data_ ? Json(base::iso_utc(*data_)) : Json()},
                 {"ageSeconds", data_ ? Json(age().count()) : Json()},
                 {"late", late_},
                 {"maxAgeSeconds", watched_.max_age ? Json(watched_.max_age->count()) : Json()},
                 {"findings", findings_}};
    return view;
  }

 private:
  static Json text(const std::string& value) { return value.empty() ? Json() : Json(value); }

  void tell(Health health, std::string message, const std::string& hint = {}) {
    health_ = worse(health_, health);
    findings_.push_back(
        {{"status", to_string(health)}, {"message", std::move(message)}, {"hint", text(hint)}});
  }

  /// Between the names it may be that nothing serves: who drives it no more cannot mend that.
  void look_at_last() {
    const auto& last = *last_;
    if (last.status == "RUNNING") {
      if (!is_driven(books_, last))
        tell(Health::critical, fmt::format("has the run {}, which no process drives any more", last.id),
             "dbrefresh resume " + last.id);
      return;
    }
    if (last.status == "SUCCEEDED") return;
    const auto whole = books_.journal.find(last.id);
    if (const auto why = whole ? why_not_put_back(books_, *whole) : ""; !why.empty())
      tell(Health::critical, fmt::format("is NOT PUT BACK after run {}: {}", last.id, first_line(why)),
           "mend that, and: dbrefresh resume " + last.id);
    else
      tell(Health::warning, fmt::format("was not refreshed by run {}: {}", last.id, first_line(last.cause)),
           "dbrefresh history " + last.id);
  }

  /// Since the last run has ended: what is refused while one is under way is in its way alone.
  void look_at_refusals() {
    if (last_ != nullptr && !last_->ended) return;
    std::size_t count = 0;
    const store::ExecutionRow* newest = nullptr;
    for (const auto& row : rows_) {
      if (row.status != "REFUSED" || (last_ != nullptr && row.created < *last_->ended)) continue;
      ++count;
      newest = &row;
    }
    if (newest != nullptr)
      tell(Health::warning,
           fmt::format("was refused {} ({}): {}", count == 1 ? "once" : fmt::format("{} times", count),
                       newest->id, first_line(newest->cause)),
           "dbrefresh history " + newest->id);
  }

  void look_at_data() {
    data_ = data_time();
    if (!data_) return look_at_nothing();
    if (*data_ > now_ + clocks_differ)
      return tell(Health::unknown,
                  fmt::format("shows data of {} UTC, which is still to come: is a clock wrong?",
                              base::ledger_utc(*data_)));
    late_ = watched_.max_age && age() > *watched_.max_age;
    if (late_)
      tell(Health::critical,
           fmt::format("is {} old (at most {})", base::human_age(age()), base::human_age(*watched_.max_age)));
  }
  void look_at_nothing() {
    if (succeeded_)
      tell(Health::unknown, "shows data of which nobody knows the time");
    else if (last_ != nullptr && last_->status == "RUNNING")
      tell(Health::warning, fmt::format("is refreshed for the first time, by run {}", last_->id));
    else if (!rows_.empty())
      tell(Health::critical, "was never refreshed, as far as is known");
    else if (watched_.fault.empty())
      tell(Health::unknown, "has no run and no row in the ledger of this home",
           "is that its name? dbrefresh list shows all");
  }

  seconds age() const { return std::max(seconds(0), std::chrono::duration_cast<seconds>(now_ - *data_)); }

  /// Of the newest run that succeeded; of one that the journal has forgotten the ledger knows it.
  std::optional<base::Time> data_time() {
    for (auto row = rows_.rbegin(); row != rows_.rend(); ++row)
      if (row->status == "SUCCEEDED") {
        succeeded_ = true;
        const auto whole = books_.journal.find(row->id);
        if (!whole || !Json::accept(whole->snapshot)) return std::nullopt;
        const Json told = refresh::told(state_of(*whole), "dataTime");
        return told.is_string() ? base::parse_ledger_utc(told.get<std::string>()) : std::nullopt;
      }
    std::optional<base::Time> found;
    for (const auto& row : books_.ledger.rows("")) {
      if (watched_.instance.empty() || row.status != "completed" ||
          base::lower(row.dbinstance) != watched_.instance)
        continue;
      succeeded_ = true;
      found = base::parse_ledger_utc(row.datatime);
    }
    return found;
  }

  Books& books_;
  base::Time now_;
  Watched watched_;
  std::string subject_;
  Rows rows_;                                  ///< oldest first
  const store::ExecutionRow* last_ = nullptr;  ///< of those that began
  bool succeeded_ = false, late_ = false;
  std::optional<base::Time> data_;
  Health health_ = Health::ok;
  Json findings_ = Json::array();
};

/// The targets of a home by what the journal calls them, each with its runs.
class Targets {
 public:
  Targets(Books& books, base::Time now) : books_(books), now_(now) {
    for (auto& row : books.journal.list(false)) all_[row.subject].push_back(std::move(row));
  }

  /// A line for each that is meant, or one that says that there is none.
  void look(const Watched& watched, Json& views) {
    bool any = false;
    for (const auto& [subject, rows] : all_) {
      if (watched.target.empty() || !fits({.target = watched.target}, "", subject)) continue;
      any = true;
      views.push_back(Look(books_, now_, of_its_own(watched, subject), subject, rows).view());
    }
    if (!any) views.push_back(Look(books_, now_, of_its_own(watched, ""), "", {}).view());
  }

  void look_at_all(std::optional<seconds> max_age, Json& views) {
    std::set<std::string> known;
    for (const auto& [subject, rows] : all_) {
      if (!matters(rows)) continue;
      const auto instance = instance_of(subject, rows);
      known.insert({name_in(subject), instance});
      views.push_back(
          Look(books_, now_, {.target = subject, .instance = instance, .max_age = max_age}, subject, rows)
              .view());
    }
    for (const auto& name : in_ledger_alone(known))
      views.push_back(
          Look(books_, now_, {.target = name, .instance = name, .max_age = max_age}, "", {}).view());
  }

 private:
  /// The ledger knows names of instances alone: its rows of one that another target has are not this one's.
  Watched of_its_own(Watched watched, const std::string& subject) const {
    for (const auto& [other, rows] : all_)
      if (other != subject && has_begun(rows) && instance_of(other, rows) == watched.instance)
        watched.instance.clear();
    return watched;
  }
  static bool has_begun(const Rows& rows) {
    return std::ranges::any_of(rows, [](const store::ExecutionRow& row) { return row.status != "REFUSED"; });
  }
  bool matters(const Rows& rows) const {
    return std::ranges::any_of(rows, [&](const store::ExecutionRow& row) {
      return row.status != "REFUSED" || row.created > now_ - refusals_matter;
    });
  }
  /// The ledger has a cluster under the name of its writer.
  std::string instance_of(const std::string& subject, const Rows& rows) const {
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      const auto whole = row->status == "REFUSED" ? std::nullopt : books_.journal.find(row->id);
      if (!whole || !Json::accept(whole->snapshot)) continue;
      const Json names = state_of(*whole).value("names", Json::object());
      if (names.contains("instance")) return names["instance"];
    }
    return name_in(subject);
  }
  /// Of which the journal has forgotten all runs.
  std::set<std::string> in_ledger_alone(const std::set<std::string>& known) const {
    std::set<std::string> names;
    for (const auto& row : books_.ledger.rows(""))
      if (const auto name = base::lower(row.dbinstance);
          row.status == "completed" && !name.empty() && !known.contains(name))
        names.insert(name);
    return names;
  }

  Books& books_;
  base::Time now_;
  std::map<std::string, Rows> all_;
};

Watched in_file(const std::string& path, std::optional<seconds> max_age, base::Time now) {
  const auto planned = read_refresh_file(path, now);
  Watched watched{.max_age = max_age ? max_age : planned.file.max_age, .file = path};
  if (planned.ok()) {
    const auto& names = planned.file.names;
    watched.target = fmt::format("{}/{}", to_string(names.kind), names.target);
    watched.instance = names.instance;
    watched.recipients = refresh::recipients_of(planned.file.members.value("sendmsg", Json::object()));
    return watched;
  }
  const auto first = std::ranges::find(planned.problems, false, &base::Problem::warning);
  watched.fault = first_line(base::to_string(path, *first));
  return watched;
}

}  // namespace

std::string_view to_string(Health health) {
  return words_of_health[static_cast<std::size_t>(health)];
}

Health health_of(const Json& status) {
  const auto found = std::ranges::find(words_of_health, status.get<std::string>());
  return static_cast<Health>(found - std::begin(words_of_health));
}

Health worse(Health one, Health other) {
  constexpr Health order[] = {Health::ok, Health::warning, Health::unknown, Health::critical};
  return std::ranges::find(order, one) < std::ranges::find(order, other) ? other : one;
}

std::vector<Watched> watched_of(const std::vector<std::string>& words, std::optional<seconds> max_age,
                                base::Time now) {
  std::vector<Watched> all;
  for (const auto& word : words) {
    if (!is_path(word)) {
      const auto target = base::lower(word);
      all.push_back({.target = target, .instance = name_in(target), .max_age = max_age});
      continue;
    }
    for (const auto& path : refresh_files({word})) all.push_back(in_file(path, max_age, now));
  }
  return all;
}

Json check_view(Books& books, const std::vector<Watched>& watched, std::optional<seconds> max_age,
                base::Time now) {
  Json views = Json::array();
  Targets targets(books, now);
  for (const auto& each : watched) targets.look(each, views);
  if (watched.empty()) targets.look_at_all(max_age, views);
  Health health = views.empty() ? Health::unknown : Health::ok;
  for (const Json& each : views) health = worse(health, health_of(each["status"]));
  const auto waiting = undelivered(books.home, now);
  if (!waiting.empty()) health = worse(health, Health::warning);
  return {{"status", to_string(health)},
          {"undelivered", waiting},
          {"fault", views.empty() ? Json("this home has no run") : Json()},
          {"targets", views}};
}

std::vector<provider::Message> late_messages(const Json& view, const std::vector<Watched>& watched) {
  std::vector<provider::Message> all;
  for (const Json& target : view["targets"]) {
    if (!target["late"].get<bool>()) continue;
    const auto found = std::ranges::find_if(
        watched, [&](const Watched& each) { return !each.file.empty() && target["file"] == each.file; });
    if (found == watched.end()) continue;
    const auto name = name_in(target["target"]);
    const auto shown = base::parse_iso_offset(target["dataTime"].get<std::string>()).value_or(base::Time{});
    const auto age = base::human_age(seconds(target["ageSeconds"].get<std::int64_t>())),
               most = base::human_age(seconds(target["maxAgeSeconds"].get<std::int64_t>()));
    const auto text = fmt::format("{} shows the data of {} UTC: it is {} old, and may be {}.\n", name,
                                  base::ledger_utc(shown), age, most);
    provider::Message message = {
        .id = fmt::format("late-{}-{}", name, refresh::run_stamp(shown)),
        .subject = fmt::format("{} is {} old [LATE]", name, age),
        .body = text,
        .headline = fmt::format("LATE: {} is {} old (at most {})", name, age, most),
        .letter =
            text + fmt::format("\nFile:     {}\nMore:     dbrefresh check {}\n", found->file, found->file),
        .data = {{"target", name},
                 {"dataTime", target["dataTime"]},
                 {"ageSeconds", target["ageSeconds"]},
                 {"maxAgeSeconds", target["maxAgeSeconds"]},
                 {"file", found->file}}};
    refresh::address(message, found->recipients, "late");
    all.push_back(std::move(message));
  }
  return all;
}

}  // namespace runs
