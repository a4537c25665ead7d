#include "shortfile/entry.h"

#include <algorithm>
#include <set>

#include "refresh/recipients.h"
#include "refresh/workflow.h"

namespace shortfile {
namespace {

/// What no step's field says by itself.
std::vector<Entry> own() {
  return {
      {"refresh", Shape::name, "The database to make anew: an instance, or with kind: cluster a cluster.", "",
       0, "", true},
      {"kind", Shape::choice, "What it is.", "instance|cluster", 0, "instance"},
      {"writer", Shape::name, "The writer of a cluster.", "", 0, "that name, and -1"},
      {"include", Shape::texts,
       "Files with what this one leaves out, by their path from it; of several the last one wins. A "
       "defaults.yaml beside the file is always included, first."},
      {"group", Shape::text,
       "Files of one group that one command runs show one point in time, which from.at says; where one of "
       "them "
       "is not valid, none is made."},
      {"from", Shape::section, "Where the data comes from.", "", 0, "", true, "source"},
      {"from.source", Shape::name, "Instance or cluster to restore from; it is only read.", "", 0, "", true},
      {"from.at", Shape::moment,
       "Which state of it: latest; a time, as '-15m', 'yesterday 23:00 Europe/Berlin' or '2026-01-31 23:00 "
       "UTC'; or {snapshot: NAME}.",
       "", 0, "latest"},
      {"from.copy", Shape::choice, "Of a cluster's latest state: all of it, or a clone that shares blocks.",
       "full|clone", 0, "full"},
      {"listen", Shape::section, "How the new database is reached.", "", 0, "", false, "port"},
      {"listen.address", Shape::text, "Address of this host that it listens on once it is open; not on AWS.",
       "", 0, "all of listen but its port as the database that is replaced, else 127.0.0.1"},
      {"listen.tls", Shape::section,
       "Whether logins over the network are encrypted, and what the server proves itself by; not on AWS.", "",
       0, "", false, "mode"},
      {"listen.tls.mode", Shape::choice,
       "require: without TLS no login is taken; offer: clients choose; off: there is none.",
       std::string(provider::tls_choices), 0, "require where other hosts reach the address, else off"},
      {"listen.tls.certificate", Shape::text,
       "File with a certificate of your own, in PEM, by its path from this one.", "", 0,
       "one of the home's own authority, which is renewed by itself"},
      {"listen.tls.key", Shape::text, "File with its key, mode 0600.", "", 0, "the authority's"},
      {"listen.networks", Shape::texts,
       "Networks that logins are taken from, as 10.0.0.0/8; PostgreSQL alone, not on AWS.", "", 0,
       "from wherever the address is reached"},
      {"master", Shape::section, "Its master user."},
      {"master.password", Shape::password,
       "Made up at every refresh (generated), and with {secret: NAME} kept in that secret; or that of {file: "
       "PATH}, mode 0600, or of {env: VARIABLE}.",
       "", 0, "generated"},
      {"master.secret", Shape::section, "The secret that gets the new password.", "", 0, "", false, "name"},
      {"master.secret.name", Shape::text,
       "Its name; it has user, engine, host, port, dbname and identifier too.", "", 0, "", true},
      {"master.secret.create", Shape::boolean, "Whether it is made where it is not there.", "", 0, "true"},
      {"master.rotate", Shape::boolean,
       "Whether its password is rotated once the database has its name, to one that nobody has seen.", "", 0,
       "false"},
      {"mask", Shape::masking,
       "What becomes of each database before anybody sees it, by its name: its scripts, clean or drop; or "
       "scripts alone, for the initial database. A script is a path from this file, or s3://BUCKET/KEY."},
      {"replicas", Shape::sections, "Read replicas, or of a cluster readers, to make.", "", 0, "", false,
       "name"},
      {"replicas[].name", Shape::name, "Its name.", "", 0, "", true},
      {"replicas[].port", Shape::integer, "Its TCP port; not of a cluster.", "", 1, "any that is free"},
      {"replicas[].class", Shape::text, "Its class.", "", 0, "as the database's"},
      {"old", Shape::section, "What becomes of the database that is replaced.", "", 0, "", false, "keep"},
      {"old.keep", Shape::choice, "forever: it stays, closed, as <name>-old-<run>; not of a cluster.",
       "forever", 0, "it is deleted in the end"},
      {"old.stop", Shape::boolean, "Whether it is stopped once the new one serves; not of a cluster.", "", 0,
       "false"},
      {"on_failure", Shape::section, "What becomes of a copy that a failed run has made."},
      {"on_failure.keep_copy", Shape::boolean, "Whether it is kept, closed, as <refresh>-failed-<run>.", "",
       0, "false"},
      {"check_every", Shape::duration, "How long to wait between two looks at what takes its time.", "", 0,
       "10 s"},
      {"max_age", Shape::duration, "How old its data may become before dbrefresh check calls it critical.",
       "", 0, "any age"},
      {"notify", Shape::section, "Who is told.", "", 0, "", false, "topic"},
      {"notify.on", Shape::texts,
       "Of which runs to and webhook are told; failed means those not put back, too.",
       std::string(refresh::outcomes), 0, "all but succeeded"},
      {"notify.webhook", Shape::section, "What else is told, by a signed POST (docs/operations.md)."},
      {"aws", Shape::section, "What only Amazon RDS and Aurora know.", "", 0, "", false, ""},
      {"members", Shape::members,
       "Fields of the sample's refresh file, by its members, that override what this file makes of them."},
  };
}

Shape shape_of(refresh::Kind kind) {
  switch (kind) {
    case refresh::Kind::identifier:
      return Shape::name;
    case refresh::Kind::integer:
      return Shape::integer;
    case refresh::Kind::boolean:
      return Shape::boolean;
    case refresh::Kind::choice:
      return Shape::choice;
    case refresh::Kind::list:
      return Shape::texts;
    case refresh::Kind::statements:
      return Shape::statements;
    default:
      return Shape::text;
  }
}

std::string fallback_of(const refresh::Field& field) {
  if (field.inherited) return "as the database that is replaced, else the source";
  if (field.fallback == ":target") return "as refresh";
  if (field.fallback == "[]") return "none";
  const auto value = base::Json::parse(field.fallback, nullptr, false);
  return value.is_string() ? value.get<std::string>() : std::string(field.fallback);
}

Entry entry_of(const refresh::Field& field) {
  return {.path = std::string(field.brief),
          .shape = shape_of(field.kind),
          .help = std::string(field.help),
          .choices = std::string(field.choices),
          .least = field.least,
          .fallback = fallback_of(field)};
}

std::string section_of(const std::string& path) {
  const auto dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

/// Where members of this section end; the end of the list for the file itself.
std::vector<Entry>::iterator end_of(std::vector<Entry>& all, const std::string& section) {
  if (section.empty()) return std::ranges::find(all, "from", &Entry::path);
  const auto last = std::find_if(all.rbegin(), all.rend(), [&](const Entry& each) {
    return each.path == section || each.path.starts_with(section + ".");
  });
  return last.base();
}

}  // namespace

std::vector<Entry> entries() {
  auto all = own();
  for (const refresh::Step* step : refresh::sequence())
    for (const refresh::Field& field : step->fields) {
      const std::string path(field.brief);
      if (path.empty() || path.starts_with(':') || std::ranges::find(all, path, &Entry::path) != all.end())
        continue;
      all.insert(end_of(all, section_of(path)), entry_of(field));
    }
  return all;
}

std::vector<const Entry*> children(const std::vector<Entry>& all, const std::string& path) {
  std::vector<const Entry*> out;
  const std::string prefix = path.empty() ? "" : path + ".";
  for (const Entry& each : all)
    if (each.path.starts_with(prefix) && each.path.find('.', prefix.size()) == std::string::npos &&
        each.path.size() > prefix.size())
      out.push_back(&each);
  return out;
}

std::string name_of(const Entry& entry) {
  return entry.path.substr(entry.path.rfind('.') + 1);
}

}  // namespace shortfile
