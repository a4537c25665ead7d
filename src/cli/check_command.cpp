// check: as a plugin of Nagios, and of what is like it.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "runs/watch.h"
#include "shortfile/duration.h"

namespace cli {
namespace {

using base::Json;
using runs::Health;

/// What the command line says.
struct Question {
  std::vector<std::string> words;
  std::string max_age;
  bool notify = false;
};

/// A bar begins the numbers, and a line ends the first one.
std::string plain(std::string text) {
  for (char& c : text) {
    if (c == '|') c = '/';
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

/// `shop-dev`; what is told apart by more has more; a file whose target nobody knows is called by its path.
std::string name_of(const Json& target, const Json& all) {
  if (!target["target"].is_string()) return target["file"].is_string() ? target["file"] : "(no target)";
  const auto whole = target["target"].get<std::string>();
  const auto name = whole.substr(whole.rfind('/') + 1);
  const auto alike = std::ranges::count_if(all, [&](const Json& each) {
    return each["target"].is_string() && ("/" + each["target"].get<std::string>()).ends_with("/" + name);
  });
  return alike == 1 ? name : whole;
}

std::string what_is_told(const Json& target) {
  std::string text;
  for (const Json& each : target["findings"])
    text += (text.empty() ? "" : ", ") + each["message"].get<std::string>();
  return text;
}

std::string age_of(const Json& seconds) {
  return base::human_age(std::chrono::seconds(seconds.get<std::int64_t>()));
}

/// The worst first.
std::string summary(const Json& view) {
  if (view["fault"].is_string()) return view["fault"];
  const Json& all = view["targets"];
  std::vector<std::string> parts;
  for (const Health health : {Health::critical, Health::unknown, Health::warning})
    for (const Json& each : all)
      if (runs::health_of(each["status"]) == health)
        parts.push_back(name_of(each, all) + " " + what_is_told(each));
  if (const auto count = view["undelivered"].size(); count > 0)
    parts.push_back(fmt::format("{} {} not delivered (see mail/ of the home)",
                                base::counted(count, "message"), count == 1 ? "is" : "are"));
  if (!parts.empty()) return base::join(parts, "; ");
  std::int64_t oldest = 0;
  for (const Json& each : all) oldest = std::max(oldest, each["ageSeconds"].get<std::int64_t>());
  return fmt::format("{}, the oldest data is {} old", base::counted(all.size(), "database"), age_of(oldest));
}

/// 'label'=seconds;;the most;0 (Monitoring Plugins Development Guidelines, "Performance data").
std::string numbers(const Json& all) {
  std::string text;
  for (const Json& each : all) {
    if (each["ageSeconds"].is_null()) continue;
    const Json& most = each["maxAgeSeconds"];
    text += fmt::format("{}'{}'={}s;;{};0", text.empty() ? " | " : " ", name_of(each, all),
                        each["ageSeconds"].get<std::int64_t>(), most.is_null() ? "" : most.dump());
  }
  return text;
}

std::string line_of(const Json& target, const Json& all) {
  std::string text = fmt::format("{:<8} {}", target["status"].get<std::string>(), name_of(target, all));
  if (target["findings"].empty())
    text += fmt::format(" is {} old", age_of(target["ageSeconds"]));
  else
    text += " " + what_is_told(target);
  for (const Json& each : target["findings"])
    if (each["hint"].is_string()) text += "; " + each["hint"].get<std::string>();
  return text;
}

void print_view(const Json& view) {
  const Json& all = view["targets"];
  std::cout << fmt::format("DBREFRESH {} - {}{}\n", view["status"].get<std::string>(), plain(summary(view)),
                           numbers(all));
  for (const Json& each : all) std::cout << plain(line_of(each, all)) << "\n";
}

std::optional<std::chrono::seconds> age_said(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto age = shortfile::parse_duration(text);
  if (!age)
    throw base::Error("BadInput", fmt::format("--max-age: '{}' is no length of time", text),
                      "as 3d, 36h, 1h 30m");
  return age;
}

/// Who cannot be reached now is told later; that one is late is said all the same.
void tell_late(const Json& view, const std::vector<runs::Watched>& watched, const Options& options) {
  runs::LocalWorld world(options.home, provider::local::Opening::to_change);
  for (const auto& message : runs::late_messages(view, watched)) try {
      world.mailbox.send(message);
    } catch (const base::Error& error) {
      std::cerr << fmt::format("dbrefresh: {} is not told yet: {}\n", message.id, to_string(error));
    }
  world.mailbox.deliver_again();
}

Json view_of_fault(const std::string& fault) {
  return {{"status", to_string(Health::unknown)},
          {"fault", fault},
          {"undelivered", Json::array()},
          {"targets", Json::array()}};
}

/// Whatever keeps us from looking is no good news.
Json view_of(const Question& asked, const Options& options) {
  try {
    const auto now = base::SystemClock().now();
    const auto max_age = age_said(asked.max_age);
    const auto watched = runs::watched_of(asked.words, max_age, now);
    runs::Books books(options.home);
    const Json view = runs::check_view(books, watched, max_age, now);
    if (asked.notify) tell_late(view, watched, options);
    return view;
  } catch (const base::Error& error) {
    return view_of_fault(error.message + (error.hint.empty() ? "" : "; " + error.hint));
  } catch (const std::exception& error) {
    return view_of_fault(error.what());
  }
}

int check(const Question& asked, const Options& options) {
  const Json view = with_home(view_of(asked, options), options);
  if (options.json)
    print_json(view);
  else
    print_view(view);
  return static_cast<int>(runs::health_of(view["status"]));
}

Body set_up_check(Arguments& arguments, const Options& options) {
  auto asked = std::make_shared<Question>();
  arguments.add("TARGET", asked->words,
                "names of targets, refresh files, or folders of such; without any, all targets of the home");
  arguments.add("--max-age", asked->max_age,
                "how old data may be, as 3d or 36h; else what the files say as max_age");
  arguments.flag(
      "--notify", asked->notify,
      "tell whom the files' notify names of those that are too old, once, and whom could not be told "
      "of runs before");
  return [asked, &options] { return check(*asked, options); };
}

}  // namespace

std::span<const Command> check_commands() {
  static constexpr Command commands[] = {
      {plugin_command, "how old the data of targets is, and what went wrong, as a monitoring plugin tells it",
       set_up_check},
  };
  return commands;
}

}  // namespace cli
