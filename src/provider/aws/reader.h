// What there is in one account and Region, read once for all runs.
#pragma once

#include <memory>
#include <mutex>

#include "provider/aws/service.h"
#include "provider/aws/settings.h"
#include "provider/provider.h"

namespace provider::aws {

/// One reading of all instances and clusters, as DescribeDBInstances and DescribeDBClusters show them; those
/// of Neptune and DocumentDB, which show there too, left out. Clusters that other accounts share are in it.
struct Fleet {
  std::vector<Json> instances, clusters;
  base::Time read{};
  std::uint64_t changes = 0;  ///< how many of Reader::changed() came before it was begun

  /// nullptr if there is none. Ids are DbiResourceId and DbClusterResourceId; names are compared in lower
  /// case.
  const Json* by_id(const std::string& id) const;
  const Json* by_name(Kind kind, const std::string& name) const;
  const Json* by_token(const std::string& token) const;
  const std::vector<Json>& all(Kind kind) const { return kind == Kind::cluster ? clusters : instances; }
};

/// RDS allows 12 requests a second for an account and Region, its other users included: whoever asks within
/// a few seconds gets the same reading, and only one is under way at any time. Whoever changes something
/// waits for a reading that was begun after that, and shares it with all who did. Thread-safe.
class Reader {
 public:
  /// Both must outlive it. Of clusters that have the same name, ours is found.
  Reader(Service& service, const Settings& settings) : service_(service), settings_(settings) {}

  /// Not older than Settings::held says, and begun after the last change of what it is read for: the id of a
  /// database, or the token of a request; "" for none. What it shows may still be late:
  /// Describe is not read-after-write. A database that is being renamed may not show at all for a moment:
  /// what was there, was not being deleted and is missing is shown for some minutes more, with the status
  /// `unseen`.
  std::shared_ptr<const Fleet> now(const Budget& budget, const std::string& about = {});
  /// Before and after a call that changes something.
  void changed(const std::string& about);
  /// Other processes may have changed anything: no reading from before is gone by.
  void others_changed();
  /// We have asked for the deletion of this one: it may be missing at once.
  void deleted(const std::string& id);

 private:
  std::pair<std::uint64_t, std::uint64_t> changes_of(const std::string& about);
  std::chrono::milliseconds held(const Fleet& fleet) const;
  void keep_unseen(Fleet& fresh);

  Service& service_;
  const Settings& settings_;
  std::mutex reading_;  ///< held while one is under way
  std::shared_ptr<const Fleet> last_;
  std::map<std::string, base::Time> shown_;  ///< when RDS last showed what we still do, by id
  std::mutex changing_;
  std::uint64_t changes_ = 0, of_others_ = 0;
  std::map<std::string, std::uint64_t> changed_;  ///< the number of the last change, by what it was about
};

}  // namespace provider::aws
