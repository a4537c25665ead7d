#include "provider/local/admission.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "os/addresses.h"
#include "os/port.h"

namespace provider::local {

using About = Objection::About;
using Weight = Objection::Weight;

void Admission::object(About about, std::string message) {
  objections_.push_back({.about = about, .message = std::move(message)});
}

std::vector<Objection> Admission::check(const Intent& intent) {
  objections_.clear();
  const auto source = fleet_.rows().find_id(intent.restore.source);
  if (!source) return {};
  check_host(intent, *source);
  check_origin(intent.restore, *source);
  check_listening(intent, *source);
  check_ports(intent);
  return std::move(objections_);
}

void Admission::check_host(const Intent& intent, const Row& source) {
  for (const auto& name : fleet_.server(source)->missing_programs())
    object(About::host, fmt::format("the program '{}' is not installed here", name));
  if (intent.scripts_method == "ec2")
    object(About::scripts,
           "'ec2': there is no EC2 instance here; 'lambda' runs the scripts in the task itself");
  const auto& shape = intent.restore.shape;
  const std::pair<const char*, bool> nothing_here[] = {{"iam_auth", shape.iam_auth},
                                                       {"multi_az", shape.multi_az},
                                                       {"deletion_protection", shape.deletion_protection}};
  for (const auto& [field, asked] : nothing_here)
    if (asked)
      objections_.push_back(
          {About::shape, field, "is true, and means nothing on this host", Weight::warning});
}

void Admission::check_listening(const Intent& intent, const Row& source) {
  const auto listening = fleet_.place_of(intent.restore).listening;
  for (const auto& [member, why] : faults_here(listening, family_of(source.engine), clock_.now()))
    objections_.push_back({About::shape, fmt::format("listening.{}", member), why});
  if (meant(listening).tls == "offer" && !os::is_loopback(meant(listening).address))
    objections_.push_back({About::shape, "listening.tls",
                           "is 'offer': clients of other hosts may send logins and data in the open",
                           Weight::warning});
  if (const auto replaced = fleet_.rows().find_id(intent.restore.replaces); replaced && is_ours(*replaced))
    tell_of_certificate(*replaced);
}

void Admission::tell_of_certificate(const Row& replaced) {
  const auto until = fleet_.server(replaced)->certificate_until();
  if (until && *until <= clock_.now())
    objections_.push_back(
        {About::target, "",
         fmt::format("the certificate of '{}' has expired: {}; it is renewed when the database is started, "
                     "and by dbrefresh local backup --all",
                     replaced.name, base::ledger_utc(*until)),
         Weight::note});
}

void Admission::check_origin(const RestoreRequest& request, const Row& source) {
  if (request.type == RestoreType::from_snapshot)
    check_snapshot(request.snapshot, source);
  else if (request.type == RestoreType::restore_point)
    check_point(request.time.value(), source);
  else
    check_running(source);
}

void Admission::check_snapshot(const std::string& name, const Row& source) {
  const auto found = snapshots_.find(name);
  if (!found)
    return object(About::snapshot,
                  fmt::format("'{}': there is no such snapshot (dbrefresh local snapshot list)", name));
  if (family_of(found->origin.engine) != family_of(source.engine))
    return object(About::snapshot, fmt::format("'{}' is of {}, and {} is {}", found->name,
                                               found->origin.engine, source.name, source.engine));
  // The file's source is what ledger and message name, and whose databases the scripts are decided for.
  if (found->origin.id != source.id && found->origin.name != source.name)
    return object(About::snapshot, fmt::format("'{}' is of '{}', and not of '{}'", found->name,
                                               found->origin.name, source.name));
  const auto folder = fleet_.home().snapshot(found->id);
  check_room(About::snapshot, os::tree_bytes(folder), why_not_clone(folder, fleet_.home().storage).empty(),
             found->name);
}

void Admission::check_point(base::Time time, const Row& source) {
  const auto asked = base::ledger_utc(time);
  const auto can = snapshots_.restorable(source, clock_);
  if (can.state == Restorable::State::off)
    return object(About::time,
                  fmt::format("'{}': the log of '{}' is not kept; databases made or adopted with "
                              "--retention-days keep theirs",
                              asked, source.name));
  if (!can.window)
    return object(About::time,
                  fmt::format("'{}': '{}' cannot be restored to a point in time: {}; dbrefresh local backup "
                              "{} begins it anew",
                              asked, source.name, can.reason, source.name));
  if (time < can.window->from || time > can.window->to)
    return object(About::time,
                  fmt::format("'{}': '{}' can be restored to any second from {} to {}{}", asked, source.name,
                              base::ledger_utc(can.window->from), base::ledger_utc(can.window->to),
                              can.reason.empty() ? "" : "; its log: " + can.reason));
  check_room(About::time, fleet_.bytes(source), clones(source), source.name);
}

void Admission::check_running(const Row& source) {
  if (is_ours(source)) {
    const auto status = supervisor_.status_of(source);
    if (classify(status) != StatusClass::ready || !fleet_.server(source)->process())
      return object(
          About::source,
          fmt::format("'{}' is {}; a hot copy needs it to run (dbrefresh local start {})", source.name,
                      status == "available" ? "without an instance" : status, source.name));
  } else {
    try {
      sql::connect(fleet_.administrator(source), std::chrono::seconds(10));
    } catch (const base::Error& error) {
      return object(About::source,
                    fmt::format("'{}' does not let us in: {}{}", source.name, error.message,
                                error.code == "AccessDenied"
                                    ? fmt::format(" (dbrefresh local secret {} --set FILE gives us a new "
                                                  "password)",
                                                  adopted_secret(source.id))
                                    : ""));
    }
  }
  ask_server(source);
  check_room(About::source, fleet_.bytes(source), clones(source), source.name);
}

void Admission::ask_server(const Row& source) {
  const auto from = fleet_.copy_source(source);
  const auto session = sql::connect(from.administrator, std::chrono::seconds(10));
  const auto server = fleet_.server(source);
  if (family_of(source.engine) != "mariadb" || !from.data.empty())  // else it is copied by its contents
    for (const auto& each : server->outside_of_data(*session))
      object(About::source,
             fmt::format("'{}': {} has its files outside of the data folder; a copy would write to them",
                         source.name, each));
  for (auto& each : server->objections(*session, from))
    objections_.push_back({.about = About::source,
                           .message = fmt::format("'{}': {}", source.name, each.message),
                           .weight = each.warning ? Weight::warning : Weight::problem});
}

bool Admission::clones(const Row& source) {
  return is_ours(source) && why_not_clone(fleet_.server(source)->data(), fleet_.home().storage).empty();
}

/// A clone shares its blocks; what it writes while it recovers and is masked is guessed at a tenth.
void Admission::check_room(About about, std::uint64_t bytes, bool shared, const std::string& name) {
  const auto need = shared ? bytes / 10 : bytes * 11 / 10;
  const auto room = os::free_bytes(fleet_.home().storage);
  if (need > room)
    object(about, fmt::format("'{}': a copy needs {}, {} has {} free", name, base::human_bytes(need),
                              fleet_.home().storage.string(), base::human_bytes(room)));
}

void Admission::check_ports(const Intent& intent) {
  const int own = fleet_.place_of(intent.restore).port;
  check_port(About::port, own, intent.restore);
  std::set<int> wanted = {own};
  for (const auto& replica : intent.replicas) {
    const int port = replica.shape.port;
    if (port == 0) continue;
    if (port < 0 || port > 65535)
      object(About::replicas, fmt::format("'{}': port {} is not one from 1 to 65535", replica.name, port));
    else if (wanted.insert(port).second)
      check_port(About::replicas, port, intent.restore);
    else
      object(About::replicas, fmt::format("'{}': the file has port {} twice", replica.name, port));
  }
}

/// Free, or freed when `replaces` and its replicas are set aside.
void Admission::check_port(About about, int port, const RestoreRequest& request) {
  const auto& replaces = request.replaces;
  const auto address = meant(fleet_.place_of(request).listening).address;
  if (port == 0 || !os::is_own_address(address) || os::port_is_free(port, address)) return;
  const auto rows = fleet_.rows().all();
  const auto holder = std::ranges::find_if(rows, [&](const Row& row) {
    return row.port == port && row.open && is_ours(row) && !row.writer && fleet_.server(row)->process();
  });
  if (holder == rows.end() && os::port_is_fading(port)) return;
  if (holder != rows.end() && !replaces.empty() && (holder->id == replaces || holder->replica_of == replaces))
    return;
  object(about, fmt::format("{} is taken by {}", port,
                            holder != rows.end() ? fmt::format("{} {}", to_string(holder->kind), holder->name)
                                                 : "another program"));
}

}  // namespace provider::local
