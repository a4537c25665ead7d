// What would keep a restore from working here, found without changing anything.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "provider/local/databases.h"

namespace provider::local {

using base::Problem;

std::vector<Problem> Databases::check(const RestoreRequest& request, const std::string& replaces,
                                      const base::Json& members) {
  std::vector<Problem> problems;
  auto problem = [&](const char* path, std::string message) {
    problems.push_back({0, path, std::move(message)});
  };
  const auto source = catalogue_.find_id(request.source);
  if (!source) return problems;
  for (const auto& name : server(*source)->missing_programs())
    problem("$", fmt::format("the program '{}' is not installed here", name));
  if (members.value("runscripts", base::Json::object()).value("method", "lambda") == "ec2")
    problem("$.runscripts.method",
            "'ec2': there is no EC2 instance here; 'lambda' runs the scripts in the task itself");
  for (const char* field : {"iamdbauth", "multiaz", "deletionprotection"})
    if (request.settings.value(field, false))
      problems.push_back(
          {0, fmt::format("$.restore.{}", field), "is true, and means nothing on this host", true});
  check_origin(request, *source, problems);
  check_ports(request, replaces, members, problems);
  return problems;
}

/// What the copy is made of: a running server, a snapshot, or snapshot and log.
void Databases::check_origin(const RestoreRequest& request, const Row& source,
                             std::vector<Problem>& problems) {
  if (request.type == RestoreType::from_snapshot) {
    const auto snapshot = find_snapshot(request.snapshot);
    if (!snapshot)
      problems.push_back(
          {0, "$.restore.snapshot",
           fmt::format("'{}': there is no such snapshot (dbrefresh local snapshot list)", request.snapshot)});
    else if (family_of(snapshot->origin.engine) != family_of(source.engine))
      problems.push_back({0, "$.restore.snapshot",
                          fmt::format("'{}' is of {}, and {} is {}", snapshot->name, snapshot->origin.engine,
                                      source.name, source.engine)});
    else
      check_room(os::tree_bytes(home_.snapshot(snapshot->id)),
                 why_not_clone(home_.snapshot(snapshot->id), home_.storage).empty(), snapshot->name,
                 "$.restore.snapshot", problems);
  } else if (request.type == RestoreType::restore_point) {
    const auto span = window(source.id);
    const auto asked = base::ledger_utc(*request.time);
    if (!span)
      problems.push_back(
          {0, "$.restore.restoretime",
           keeps_log(storage_of(source).id)
               ? fmt::format("'{}': the log of '{}' has a gap; dbrefresh local backup {} begins it anew",
                             asked, source.name, source.name)
               : fmt::format("'{}': the log of '{}' is not kept; databases made or adopted with "
                             "--retention-days keep theirs",
                             asked, source.name)});
    else if (*request.time < span->from || *request.time > span->to)
      problems.push_back(
          {0, "$.restore.restoretime",
           fmt::format("'{}': '{}' can be restored to any second from {} to {}", asked, source.name,
                       base::ledger_utc(span->from), base::ledger_utc(span->to))});
    else
      check_room(size_of(source), clones(source), source.name, "$.restore.restoretime", problems);
  } else {
    check_source(source, request.kind == Kind::cluster ? "$.restore.sourcecluster" : "$.restore.source",
                 problems);
  }
}

void Databases::check_source(const Row& source, const char* path, std::vector<Problem>& problems) {
  const auto status = status_of(source);
  if (classify(status) != StatusClass::ready || (source.adopted.is_null() && !server(source)->process()))
    problems.push_back(
        {0, path,
         fmt::format("'{}' is {}; a hot copy needs it to run (dbrefresh local start {})", source.name,
                     status == "available" ? "without an instance" : status, source.name)});
  check_outside(source, path, problems);
  check_room(size_of(source), clones(source), source.name, path, problems);
}

void Databases::check_outside(const Row& source, const char* path, std::vector<Problem>& problems) {
  const auto from = copy_source(source);
  if (status_of(source) != "available") return;
  const auto session = sql::connect(from.administrator, std::chrono::seconds(10));
  for (auto& each : server(source)->objections(*session, from))
    problems.push_back({0, path, fmt::format("'{}' {}", source.name, each.message), each.warning});
  if (family_of(source.engine) == "mariadb" && from.data.empty()) return;
  for (const auto& each : server(source)->outside_of_data(*session))
    problems.push_back(
        {0, path,
         fmt::format("'{}': {} has its files outside of the data folder; a copy would write to them",
                     source.name, each)});
}

bool Databases::clones(const Row& source) {
  return source.adopted.is_null() && why_not_clone(server(source)->data(), home_.storage).empty();
}

/// A clone shares its blocks; what it writes while it recovers and is masked is guessed at a tenth.
void Databases::check_room(std::uint64_t bytes, bool shared, const std::string& name, const char* path,
                           std::vector<Problem>& problems) {
  const auto need = shared ? bytes / 10 : bytes * 11 / 10;
  const auto room = os::free_bytes(home_.storage);
  if (need > room)
    problems.push_back({0, path,
                        fmt::format("'{}': a copy needs {}, {} has {} free", name, base::human_bytes(need),
                                    home_.storage.string(), base::human_bytes(room))});
}

/// The database's own, and those of its replicas: name_class_port; a cluster's readers ask for none.
void Databases::check_ports(const RestoreRequest& request, const std::string& replaces,
                            const base::Json& members, std::vector<Problem>& problems) {
  constexpr const char* replicas_path = "$.createreplicas.replicas";
  check_port(request.port, "$.restore.port", replaces, problems);
  std::set<int> wanted = {request.port};
  for (const auto& each :
       members.value("createreplicas", base::Json::object()).value("replicas", std::vector<std::string>{})) {
    const auto parts = base::split_list(each, '_');
    if (parts.size() != 3) continue;
    const int port = std::atoi(parts[2].c_str());
    if (wanted.insert(port).second)
      check_port(port, replicas_path, replaces, problems);
    else
      problems.push_back({0, replicas_path, fmt::format("'{}': the file has port {} twice", each, port)});
  }
}

/// Free, or freed when `replaces` and its replicas are set aside.
void Databases::check_port(int port, const char* path, const std::string& replaces,
                           std::vector<Problem>& problems) {
  if (os::port_is_free(port)) return;
  const auto rows = catalogue_.all();
  const auto holder = std::ranges::find_if(rows, [&](const Row& row) {
    return row.port == port && row.open && row.adopted.is_null() && !row.writer && server(row)->process();
  });
  if (holder != rows.end() && !replaces.empty() && (holder->id == replaces || holder->replica_of == replaces))
    return;
  problems.push_back(
      {0, path,
       fmt::format("{} is taken by {}", port,
                   holder != rows.end() ? fmt::format("{} {}", to_string(holder->kind), holder->name)
                                        : "another program")});
}

}  // namespace provider::local
