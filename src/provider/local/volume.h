// A file system of our own, in one file of the home: for hosts whose file system does not share blocks.
#pragma once

#include "os/files.h"

namespace provider::local {

/// Makes `<root>/volume.img`, preallocated (a sparse one would give write errors on a full host while it
/// shows room), which root alone can read, with xfs and reflink in it, and mounts it at `<root>/volume`.
/// Needs root, to whom `root` must belong. What one that was killed has left is overwritten. Throws BadInput
/// where there are databases already, or a volume; BadHome and NotAHome as open_home(); DiskFull,
/// ProgramFailed.
void make_volume(const os::fs::path& root, std::uintmax_t bytes);

/// Where the databases of a home are: its volume if it has one, else `root`. As root, mounts it if it is not
/// (after a reboot); throws VolumeNotMounted otherwise: a bare folder in its place must never be mistaken for
/// it.
os::fs::path storage_of(const os::fs::path& root);

}  // namespace provider::local
