#include "shortfile/read.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/files.h"
#include "shortfile/convert.h"
#include "shortfile/yaml.h"
#include "tests/temporary.h"

namespace shortfile {
namespace {

using base::Json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ShortFile : public testing::Test {
 protected:
  os::fs::path write(const std::string& name, const std::string& text, unsigned mode = 0644) {
    const auto path = folder_.path() / name;
    os::fs::create_directories(path.parent_path());
    os::write_file_atomic(path, text, mode);
    return path;
  }
  refresh::RefreshFile read(const std::string& text) {
    return read_file(write("file.yaml", text), base::parse_ledger_utc("2026-11-29 12:00:00").value());
  }
  /// As people see them, each without the folder.
  std::vector<std::string> problems(const refresh::RefreshFile& file) {
    std::vector<std::string> all;
    for (auto each : file.problems) {
      if (!each.file.empty()) each.file = os::fs::path(each.file).filename();
      all.push_back(base::to_string("f", each));
    }
    return all;
  }
  tests::Temporary folder_;
};

TEST_F(ShortFile, AFewLinesAreARefresh) {
  const auto file =
      read("refresh: shop-dev\nfrom: shop-prod\nmask: {shop: [mask/a.sql, b.sql], old: drop}\n");
  EXPECT_THAT(problems(file), IsEmpty());
  EXPECT_EQ(file.names.target, "shop-dev");
  EXPECT_EQ(file.names.temp, "shop-devtemp");
  EXPECT_EQ(file.names.source, "shop-prod");
  EXPECT_EQ(file.members["restore"]["restoretype"], "latestpoint");
  EXPECT_FALSE(file.members["restore"].contains("port"));
  EXPECT_TRUE(file.members.contains("delete"));
  EXPECT_FALSE(file.members.contains("changemasterpwd"));
  const Json& scripts = file.members["runscripts"];
  EXPECT_EQ(scripts["bucketname"], provider::ScriptStore::files);
  EXPECT_EQ(scripts["prefix"], folder_.path().string());
  EXPECT_EQ(scripts["databases"], Json::parse(R"({"shop": ["mask/a.sql", "b.sql"], "old": "drop"})"));
}

TEST_F(ShortFile, WhoIsToldIsOfTheMessage) {
  const Json message =
      read(
          "refresh: d\nfrom: p\nnotify: {topic: t, to: [a@b.example, c@d.example], on: [failed, late],\n"
          "  webhook: {url: 'https://x.example/', secret: s}}\n")
          .members["sendmsg"];
  EXPECT_EQ(message["topicarn"], "t");
  EXPECT_EQ(message["mailto"], Json({"a@b.example", "c@d.example"}));
  EXPECT_EQ(message["tellon"], Json({"failed", "late"}));
  EXPECT_EQ(message["webhookurl"], "https://x.example/");
  EXPECT_EQ(message["webhooksecret"], "s");
  EXPECT_EQ(read("refresh: d\nfrom: p\nnotify: t\n").members["sendmsg"]["topicarn"], "t");
  EXPECT_TRUE(read("refresh: d\nfrom: p\nnotify: {to: a@b.example}\n").members.contains("sendmsg"));
  EXPECT_FALSE(read("refresh: d\nfrom: p\n").members.contains("sendmsg"));
  EXPECT_THAT(problems(read("refresh: d\nfrom: p\nnotify: {to: [a@b.example, 'a\\nBcc: b'], on: [faled]}\n")),
              ElementsAre(HasSubstr("f:3:42: $.notify.on: has 'faled', which is none of succeeded, failed")));
  EXPECT_THAT(problems(read("refresh: d\nfrom: p\nnotify: {to: \"a@b.example\\nBcc: b@c\"}\n")),
              ElementsAre(HasSubstr("f:3:10: $.notify.to: ")));
}

/// Each of them would have been taken for another: all networks, one replica, none.
TEST_F(ShortFile, WhatSaysNothingOrTwiceIsToldWhereItStands) {
  const auto problems_of = [&](const std::string& line) {
    return problems(read("refresh: dev\nfrom: prod\nmask: {d: clean}\n" + line + "\n"));
  };
  EXPECT_THAT(
      problems_of("listen: {address: 10.0.0.5, networks: []}"),
      ElementsAre("f:4:29: $.listen.networks: names none: leave it out where logins may come from anywhere"));
  EXPECT_THAT(problems_of("replicas: [{name: r}, {name: R}]"),
              ElementsAre("f:4:1: $.replicas: 'r' is in it twice"));
  EXPECT_THAT(problems_of("check_every: 2 days"),
              ElementsAre("f:4:1: $.check_every: must be a day at most, got \"2 days\""));
  EXPECT_THAT(problems_of("replicas: []"), IsEmpty());
  EXPECT_THAT(problems_of("notify: me@x.example"),
              ElementsAre(HasSubstr("'me@x.example' is an address: say notify: {to: [me@x.example]}")));
}

TEST_F(ShortFile, EveryProblemIsToldWhereItStands) {
  EXPECT_THAT(
      problems(read("refresh: shop_dev\nfrom: {sourc: x, at: yesterday 25:00 UTC}\nlisten: {port: 99999}\n"
                    "mask: {shop: [], a: dropp}\nmaster: {password: hunter2}\naws: {multi_az: yes}\n"
                    "old: {keep: 3 days}\nnotfy: 1\n")),
      ElementsAre(
          "f:1:1: $.refresh: must be a name of 1 to 63 letters, digits and single hyphens, first a letter, "
          "got "
          "\"shop_dev\"",
          "f:2:18: $.from.at: 'yesterday 25:00 UTC': '25:00' is no time of a day, as 23:00 or 23:00:05",
          "f:2:8: $.from.sourc: is not known here; did you mean 'source'?",
          "f:2:1: $.from.source: is required: instance or cluster to restore from; it is only read.",
          "f:3:10: $.listen.port: must be from 1 to 65535, got 99999",
          "f:4:18: $.mask.a: must be clean, drop, a list of scripts or {scripts: …}, got \"dropp\"",
          "f:4:8: $.mask.shop: has no script: say clean for what needs none",
          "f:5:10: $.master.password: must be generated, {secret: NAME}, {file: PATH} or {env: VARIABLE}",
          "f:6:7: $.aws.multi_az: must be true or false, got \"yes\"",
          "f:7:7: $.old.keep: must be forever, got \"3 days\"",
          "f:8:1: $.notfy: is not known here; did you mean 'notify'?"));
  EXPECT_THAT(problems(read("- a\n")), ElementsAre("f:1: $: must be an object, as 'refresh: NAME'"));
  EXPECT_THAT(problems(read("refresh: [\n")), ElementsAre(HasSubstr("is not valid YAML")));
}

TEST_F(ShortFile, WhatAPlanFindsIsSaidOfTheShortFile) {
  const auto file = read("refresh: a\nfrom: b\nlisten:\n  port: 5433\nmask: {x: clean}\n");
  auto problem = file.problem_at("$.restore.port", "is taken");
  EXPECT_EQ(base::to_string("f", problem), "f:4:3: $.listen.port: is taken");
  problem = file.problem_at("$.runscripts.databases", "nothing is said of 'y'");
  EXPECT_EQ(base::to_string("f", problem), "f:5:1: $.mask: nothing is said of 'y'");
  problem = file.problem_at("$.restore.subgrp", "is not there");
  EXPECT_EQ(base::to_string("f", problem), "f:1:1: $.aws.subnet_group: is not there");
}

TEST_F(ShortFile, PasswordsComeFromElsewhere) {
  write("pw", "s3cret\n", 0600);
  const std::string head =
      "refresh: a\nfrom: b\nmaster: {password: {file: pw}, secret: dev/a, rotate: true}\n";
  const auto file = read(head);
  EXPECT_THAT(problems(file), IsEmpty());
  EXPECT_EQ(file.secrets.at("changemasterpwd.temppwd").reveal(), "s3cret");
  EXPECT_EQ(file.secrets.at("createsecret.temppwd").reveal(), "s3cret");
  EXPECT_EQ(file.members["rotatemasterpwd"]["secretname"], "dev/a");
  EXPECT_THAT(file.members.dump(), testing::Not(HasSubstr("s3cret")));
  os::fs::permissions(folder_.path() / "pw", os::fs::perms::group_read, os::fs::perm_options::add);
  EXPECT_THAT(problems(read(head)),
              ElementsAre(HasSubstr("f:3:10: $.master.password: '" + folder_.path().string() +
                                    "/pw' may be read or written by others")));
  os::fs::remove(folder_.path() / "pw");
  EXPECT_THAT(problems(read(head)), ElementsAre(HasSubstr("$.master.password: ")));
  EXPECT_THAT(problems(read("refresh: a\nfrom: b\nmaster: {password: {env: DBR_NO_SUCH}}\n")),
              ElementsAre("f:3:10: $.master.password: the variable DBR_NO_SUCH is not set"));
  // A value that is there must not come to be a password by a way around.
  EXPECT_THAT(problems(read("refresh: a\nfrom: b\nmembers: {changemasterpwd: {temppwd: hunter2}}\n")),
              testing::Contains(HasSubstr("is a password, which has no place in a file")));
}

TEST_F(ShortFile, DefaultsHoldForAFamilyOfFiles) {
  write("defaults.yaml", "from: {source: prod, at: -15m}\nlisten: 5433\nmask: {shop: [a.sql]}\n");
  write("more.yaml", "listen: 5434\nnotify: {topic: t}\n");
  const auto file = read("refresh: dev\ninclude: more.yaml\nmask: {other: clean}\n");
  EXPECT_THAT(problems(file), IsEmpty());
  EXPECT_EQ(file.members["restore"]["port"], 5434);
  EXPECT_EQ(file.members["restore"]["restoretime"], "2026-11-29 11:45:00");
  EXPECT_EQ(file.members["runscripts"]["databases"], Json::parse(R"({"shop": ["a.sql"], "other": "clean"})"));
  write("more.yaml", "listn: 5434\ninclude: file.yaml\n");
  EXPECT_THAT(
      problems(read("refresh: dev\ninclude: more.yaml\n")),
      testing::UnorderedElementsAre("more.yaml:1:1: $.listn: is not known here; did you mean 'listen'?",
                                    HasSubstr("is included in a circle")));
  write("defaults.yaml", "- mask: {shop: drop}\n");
  EXPECT_THAT(problems(read("refresh: dev\nfrom: prod\n")),
              ElementsAre("defaults.yaml:1: $: must be an object, as the file that includes it"));
  write("defaults.yaml", "# nothing\n");
  EXPECT_THAT(problems(read("refresh: dev\nfrom: prod\n")), IsEmpty());
}

TEST_F(ShortFile, ScriptsAreOfOnePlace) {
  const auto file = read("refresh: a\nfrom: b\nmask: [s3://scripts/app/1.sql, s3://scripts/app/sub/2.sql]\n");
  EXPECT_THAT(problems(file), IsEmpty());
  EXPECT_EQ(file.members["runscripts"]["bucketname"], "scripts");
  EXPECT_EQ(file.members["runscripts"]["prefix"], "app");
  EXPECT_EQ(file.members["runscripts"]["keys"], Json({"1.sql", "sub/2.sql"}));
  EXPECT_THAT(problems(read("refresh: a\nfrom: b\nmask: [s3://scripts/1.sql, 2.sql]\n")),
              ElementsAre(HasSubstr("$.mask: all scripts must be")));
}

TEST_F(ShortFile, AClusterHasAWriter) {
  const auto file = read(
      "refresh: dev\nkind: cluster\nfrom: {source: prod, copy: clone}\nengine: aurora-mysql\n"
      "aws: {class: db.r6g.large}\nreplicas: [dev-ro, {name: dev-b, class: db.t4g.medium}]\n");
  EXPECT_THAT(problems(file), IsEmpty());
  EXPECT_EQ(file.names.instance, "dev-1");
  EXPECT_EQ(file.members["restore"]["restoretype"], "fastcloning");
  EXPECT_EQ(file.members["createinstance"]["dbclass"], "db.r6g.large");
  EXPECT_EQ(file.members["createreplicas"]["replicas"], Json({"dev-ro_db.r6g.large", "dev-b_db.t4g.medium"}));
  EXPECT_TRUE(file.members.contains("deletecluster"));
}

/// Secrets aside, which a short file has elsewhere.
Json what_matters(const refresh::RefreshFile& file) {
  Json members = file.members;
  members["restore"].erase("dbname");
  if (members.contains("fixtags")) {
    members["fixtags"].erase("dbarn");
    members["fixtags"].erase("cluarn");
  }
  return {{"names", to_json(file.names)}, {"members", std::move(members)}};
}

class Conversion : public ShortFile {
 protected:
  void expect_same(const std::string& text, const std::string& what) {
    const auto original = read_file(write("original.json", text), base::Time::max());
    ASSERT_TRUE(original.ok()) << what;
    const auto converted = convert(original.document.value(), original, "pw");
    write("pw", "temppwd123", 0600);
    const std::string yaml = dump_yaml(converted.file);
    const auto back = read_file(write("converted.yaml", yaml), base::Time::max());
    EXPECT_TRUE(back.ok()) << testing::PrintToString(problems(back)) << what << "\n" << yaml;
    EXPECT_EQ(what_matters(back), what_matters(original)) << what << "\n" << yaml;
    EXPECT_THAT(yaml, testing::Not(HasSubstr("temppwd123")));
  }
};

TEST_F(Conversion, EveryExampleStaysTheSameRefresh) {
  int files = 0;
  for (const auto& each : os::fs::recursive_directory_iterator(SOURCE_DIR "/examples"))
    if (each.path().extension() == ".json") {
      expect_same(os::read_file(each.path()), each.path());
      ++files;
    }
  EXPECT_GE(files, 4);
}

/// Members switched, and values changed, by a seed: what is valid then converts.
TEST_F(Conversion, SoDoFilesThatNobodyHasWritten) {
  std::vector<Json> all;
  for (const auto& each : os::fs::recursive_directory_iterator(SOURCE_DIR "/examples"))
    if (each.path().extension() == ".json") all.push_back(Json::parse(os::read_file(each.path())));
  std::uint64_t state = 42;
  const auto roll = [&](std::uint64_t sides) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33U) % sides;
  };
  int valid = 0;
  for (int i = 0; i < 2000 && valid < 200; ++i) {
    Json file = all[roll(all.size())];
    for (auto& [key, member] : file.items()) {
      if (!member.is_object()) continue;
      if (roll(6) == 0) {
        member["torun"] = roll(2) == 0;
        member.erase("check");
      }
      if (roll(3) == 0) member["wait_time"] = roll(30);
      for (auto& [name, value] : member.items()) {
        if (value == "True" || value == "False")
          if (roll(3) == 0) value = roll(2) == 0;
        if (name == "port" && roll(3) == 0) value = 3000 + roll(100);
        if ((name == "application" || name == "environment") && roll(8) == 0)
          value = "other" + std::to_string(roll(3));
        if (name == "secretname" && roll(3) != 0) value = "secret" + std::to_string(roll(2));
      }
    }
    const std::string text = file.dump();
    if (!read_file(write("try.json", text), base::Time::max()).ok()) continue;
    ++valid;
    expect_same(text, text);
    if (HasFailure()) return;
  }
  EXPECT_EQ(valid, 200);
}

}  // namespace
}  // namespace shortfile
