// `credential_process` of a profile (AWS CLI User Guide, "Sourcing credentials with an external process").
#include <fmt/format.h>

#include "aws/sources.h"
#include "aws/timestamp.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "os/process.h"

namespace aws {
namespace {

/// The words of a command line, quoted as in a shell; nothing else means anything.
std::vector<std::string> words_of(std::string_view line, const std::string& origin) {
  std::vector<std::string> out;
  bool in_word = false;
  char quote = '\0';
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '\0' && (c == ' ' || c == '\t')) {
      in_word = false;
      continue;
    }
    if (!in_word) out.emplace_back();
    in_word = true;
    if (c == '\\' && quote != '\'' && i + 1 < line.size())
      out.back() += line[++i];
    else if (quote == '\0' && (c == '"' || c == '\''))
      quote = c;
    else if (c == quote)
      quote = '\0';
    else
      out.back() += c;
  }
  if (out.empty() || quote != '\0')
    throw base::Error("InvalidConfig", fmt::format("credential_process of {} is no command line", origin),
                      "look at its quotes");
  return out;
}

/// What the program says on standard error comes after this mark, and only where it has failed.
constexpr char mark = '\x01';
constexpr const char* script =
    R"(exec 3>&1; said=$("$@" 2>&1 >&3 3>&-); code=$?; [ $code = 0 ] || printf '\001%s' "$said"; exit $code)";

class Process : public CredentialSource {
 public:
  Process(const std::string& command, const Environment& environment, std::string origin)
      : origin_(std::move(origin)), words_(words_of(command, origin_)) {
    for (const auto& [name, value] : environment) environment_.push_back(name + "=" + value);
  }

  Credentials get(const base::Budget& budget) override {
    const os::Finished finished = run(budget);
    if (finished.exit_code == 0) return parse_credentials(finished.output, origin_);
    const auto at = finished.output.find(mark);
    throw base::Error(
        "NoCredentials",
        fmt::format(
            "{}: {} ended with exit code {}: {}", origin_, words_.front(), finished.exit_code,
            at == std::string::npos ? "" : base::trim(base::tail(finished.output.substr(at + 1), 1000))),
        "run it by hand: it must print JSON with Version 1");
  }

 private:
  os::Finished run(const base::Budget& budget) const {
    os::Command command{.argv = {"/bin/sh", "-c", script, "credential_process"}, .environment = environment_};
    command.argv.insert(command.argv.end(), words_.begin(), words_.end());
    try {
      return os::run(command, budget.clock, budget.until, budget.stop);
    } catch (const base::Error& error) {
      if (error.code != "Cancelled") throw;
      throw base::Error("Interrupted", "told to stop");
    }
  }

  std::string origin_;
  std::vector<std::string> words_, environment_;
};

}  // namespace

Source process_credentials(const std::string& command, const Environment& environment, std::string origin) {
  return std::make_unique<Process>(command, environment, std::move(origin));
}

Credentials parse_credentials(std::string_view json, const std::string& origin) {
  const base::Json value = base::Json::parse(json, nullptr, false);
  const auto text = [&](const char* name) {
    const auto at = value.is_object() ? value.find(name) : value.end();
    return value.is_object() && at != value.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  Credentials out{
      .access_key_id = text("AccessKeyId"),
      .secret_key = base::Secret(text("SecretAccessKey")),
      .session_token = base::Secret(text("SessionToken").empty() ? text("Token") : text("SessionToken")),
      .expires = parse_time(text("Expiration")),
      .account = text("AccountId"),
      .origin = origin};
  const bool has_end = !text("Expiration").empty();
  if (out.access_key_id.empty() || out.secret_key.empty() || (has_end && !out.expires))
    throw base::Error("InvalidCredentials", fmt::format("{}: the answer holds no credentials", origin),
                      "it must be JSON with AccessKeyId, SecretAccessKey and, if they end, Expiration");
  return out;
}

}  // namespace aws
