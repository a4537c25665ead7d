// New databases made of others: restores, a cluster's instances, replicas.
#pragma once

#include "provider/local/removal.h"

namespace provider::local {

/// Thread-safe. What takes long is done by heavy jobs; a request is found again by its token, whoever asks.
class Copies {
 public:
  Copies(Fleet& fleet, Jobs& jobs, Supervisor& supervisor, Snapshots& snapshots, LogArchive& archive,
         Removal& removal)
      : fleet_(fleet),
        jobs_(jobs),
        supervisor_(supervisor),
        snapshots_(snapshots),
        archive_(archive),
        removal_(removal) {}

  Work<Restored> restore(const RestoreRequest& request, const Budget& budget);
  /// The first instance of a cluster is its writer: its server, which runs on the cluster's storage.
  Work<Database> create(const CreateRequest& request, const Budget& budget);

 private:
  /// What a new database is made of, and how: fills the folder of `row`, starts its server, closed.
  using Fill = std::function<Copied(Row& row, const Server& made, const Budget& budget)>;
  struct Origin {
    Row like;  ///< what the new one has its engine, users and settings from
    Fill fill;
  };

  /// Looks for what an earlier request of this token has made, and waits for it; what a dead process left
  /// half made goes. Nothing if there is nothing.
  std::optional<Work<Row>> find_made(const std::string& token, const Budget& budget);
  Work<Row> make(Row row, const Row& like, const std::function<void(const Row&, const Budget&)>& work,
                 const Budget& budget);
  Origin origin_of(const RestoreRequest& request, base::Clock& clock);
  Origin running(const Row& source);
  Origin snapshot(const std::string& name);
  Origin point(const Row& source, base::Time time, base::Clock& clock);
  void restore_now(Row row, const Fill& fill, const Budget& budget);
  void replicate_now(Row row, const Row& source, const Budget& budget);
  Work<Row> make_writer(const CreateRequest& request, const Row& storage);
  Work<Row> make_replica(const CreateRequest& request, const Row& source, const Budget& budget);
  Restored restored(const Row& row);

  Fleet& fleet_;
  Jobs& jobs_;
  Supervisor& supervisor_;
  Snapshots& snapshots_;
  LogArchive& archive_;
  Removal& removal_;
};

/// What was being made is whole. Throws Interrupted if it is being deleted by now.
void be_available(Row& row);

}  // namespace provider::local
