// The catalogue: what two do to it at once, and what an older version left.
#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "provider/local/catalogue.h"
#include "tests/temporary.h"

namespace tests {
namespace {

using provider::local::Catalogue;
using provider::local::Row;

Row row(const std::string& id, const std::string& name, const std::string& token = "") {
  return {.id = id,
          .name = name,
          .engine = "mariadb",
          .status = "available",
          .settings = base::Json::object(),
          .token = token};
}

TEST(CatalogueOf, NoChangeIsLostWhenTwoChangeTheSameRow) {
  const Temporary folder;
  const auto path = folder.path() / "catalogue.db";
  Catalogue first(path);
  first.add(row("db-1", "one"));
  constexpr int each = 25;
  auto tag = [&](const std::string& prefix) {
    Catalogue catalogue(path);
    for (int i = 0; i < each; ++i)
      catalogue.change("db-1", [&](Row& now) { now.tags[prefix + std::to_string(i)] = "x"; });
  };
  { const std::jthread a(tag, "a"), b(tag, "b"); }
  EXPECT_EQ(first.find_id("db-1")->tags.size(), 2U * each);
}

TEST(CatalogueOf, ATokenMeansOneDatabase) {
  const Temporary folder;
  Catalogue catalogue(folder.path() / "catalogue.db");
  EXPECT_TRUE(catalogue.add(row("db-1", "one", "t")));
  EXPECT_FALSE(catalogue.add(row("db-2", "two", "t")));
  EXPECT_TRUE(catalogue.add(row("db-3", "three")));
  EXPECT_TRUE(catalogue.add(row("db-4", "four")));
  EXPECT_EQ(catalogue.find_token("t")->id, "db-1");
  EXPECT_FALSE(catalogue.find_token("")) << "no token finds nothing";
}

TEST(CatalogueOf, WhatIsGoneCannotBeChanged) {
  const Temporary folder;
  Catalogue catalogue(folder.path() / "catalogue.db");
  EXPECT_THROW(catalogue.change("db-1", [](Row&) {}), base::Error);
}

/// As the program made it before requests had tokens.
constexpr std::string_view steps_2[] = {R"sql(
CREATE TABLE IF NOT EXISTS instance (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, engine TEXT NOT NULL, version TEXT NOT NULL,
  status TEXT NOT NULL, port INTEGER NOT NULL, master_user TEXT NOT NULL, db_name TEXT NOT NULL, tags TEXT NOT NULL,
  open INTEGER NOT NULL, adopted TEXT NOT NULL, settings TEXT NOT NULL, cluster TEXT NOT NULL,
  writer INTEGER NOT NULL, replica_of TEXT NOT NULL,
  UNIQUE (kind, name));
CREATE TABLE IF NOT EXISTS snapshot (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, automated INTEGER NOT NULL, origin TEXT NOT NULL,
  data_time INTEGER NOT NULL, position TEXT NOT NULL);
)sql"};
constexpr store::Schema version_2{steps_2, 2};

TEST(CatalogueOf, AnOlderOneIsUpgraded) {
  const Temporary folder;
  const auto path = folder.path() / "catalogue.db";
  {
    store::Database old(path, version_2);
    old.execute(
        "INSERT INTO instance VALUES ('db-1', 'instance', 'prod', 'postgres', '15.14', 'available', 5432, "
        "'admin', 'shop', '{\"a\":\"b\"}', 1, 'null', '{\"retention_days\":7}', '', 0, '')");
  }
  for (int i = 0; i < 2; ++i) {
    Catalogue catalogue(path);
    const auto found = catalogue.find_id("db-1");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->db_name, "shop");
    EXPECT_EQ(found->tags.at("a"), "b");
    EXPECT_EQ(found->token, "");
    EXPECT_TRUE(found->restored.is_null());
  }
  Catalogue catalogue(path);
  EXPECT_TRUE(catalogue.add(row("db-2", "two", "t")));
  EXPECT_THROW(store::Database(path, version_2), base::Error) << "the older program refuses it";
}

}  // namespace
}  // namespace tests
